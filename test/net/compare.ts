/** Compares what a program answers with what was recorded, and tells the differences that nobody intended. */
import type { Intended } from './intended.ts';

type Texts = ReadonlyMap<string, string>;
type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };
type JsonObject = { readonly [key: string]: Json };

/** Where rows get their ids from evidence; the rest is what the first program wrote. */
const isCollected = (path: string): boolean => /^(?:samples|fleet|stored\/next-night)\//.test(path);

const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const parse = (text: string): Json | undefined => {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
};

const splitName = (name: string): readonly [table: string, column: string] => {
  const [table = '', column = ''] = name.split('.');
  return [table, column];
};

export const comparer = (intended: readonly Intended[]) => {
  const used = new Set<Intended>();
  const newColumns = intended.flatMap((entry) =>
    'newColumn' in entry ? [{ entry, names: splitName(entry.newColumn) }] : [],
  );
  const changedColumns = intended.flatMap((entry) =>
    'changedColumn' in entry ? [{ entry, names: splitName(entry.changedColumn) }] : [],
  );
  const newTables = intended.flatMap((entry) =>
    'newTable' in entry ? [{ entry, name: entry.newTable }] : [],
  );
  const otherLines = intended.flatMap((entry) => ('line' in entry ? [entry] : []));
  const newIds = intended.find((entry) => 'newIds' in entry);

  /** Formats name a table `users`, `pack_tokenquery_users`, `tokenquery:users`, `tokenquery.users`. */
  const isName = (value: Json | undefined, name: string): boolean =>
    typeof value === 'string' &&
    (value === name || new RegExp(`(?:^tokenquery[:.]|^pack_tokenquery_)${name}$`).test(value));
  const speaksOf = (value: JsonObject, name: string): boolean =>
    [
      value['table'],
      value['table_name'],
      value['sourcetype'],
      value['name'],
      value['log_name'],
      value['dataset'],
    ].some((one) => isName(one, name)) ||
    (isObject(value['metadata']) && speaksOf(value['metadata'], name)) ||
    (isObject(value['event']) && value['columns'] === undefined && speaksOf(value['event'], name));

  /** An element that is there only because something is new. */
  const isNew = (value: Json): boolean => {
    for (const { entry, name } of newTables) {
      if (
        (isObject(value) && (speaksOf(value, name) || String(value['name'] ?? '').startsWith(`${name}.`))) ||
        value === name
      ) {
        used.add(entry);
        return true;
      }
    }
    for (const { entry, names } of newColumns) {
      const [table, column] = names;
      const isIt = isObject(value)
        ? (value['column_name'] === column && isName(value['table_name'], table)) ||
          value['name'] === `${table}.${column}` ||
          // A tag of OCSF.
          (value['name'] === column && 'value' in value)
        : value === column;
      if (isIt) {
        used.add(entry);
        return true;
      }
    }
    return false;
  };

  /** What a finding rests on are columns of any table. */
  const quoting = ['details', 'findings'];
  const within = (key: string, value: Json, scope: ReadonlySet<string>): ReadonlySet<string> => {
    const tables = [...newColumns, ...changedColumns].map(({ names: [table] }) => table);
    const quotes = (isObject(value) && speaksOf(value, 'findings')) || quoting.includes(key);
    const own = tables.filter(
      (table) => quotes || key === table || (isObject(value) && speaksOf(value, table)),
    );
    // The line of a table in an export says what table_status says of it.
    if (isObject(value) && value['columns_affected'] !== undefined) own.push('table_status');
    return own.length === 0 ? scope : new Set([...scope, ...own]);
  };

  const forgiveText = (was: string, is: string, scope: ReadonlySet<string>): string => {
    const [before, after] = [parse(was), parse(is)];
    // Lists are kept as texts in columns.
    return Array.isArray(before) && Array.isArray(after) ? JSON.stringify(forgive(before, after, scope)) : is;
  };

  const forgiveObject = (was: JsonObject, is: JsonObject, scope: ReadonlySet<string>): JsonObject => {
    const result: Record<string, Json> = {};
    for (const [key, value] of Object.entries(is)) {
      const before = was[key];
      // Only a maker that did not know a new column is told of under this name.
      if (before === undefined && key === 'columns_absent' && Array.isArray(value) && value.every(isNew))
        continue;
      if (before === undefined) {
        const column = newColumns.find(
          ({ names }) => scope.has(names[0]) && (key === names[1] || key === names.join('.')),
        );
        const table = newTables.find(({ name }) => key === name);
        const found = column?.entry ?? table?.entry;
        if (found === undefined) result[key] = value;
        else used.add(found);
        continue;
      }
      const changed = changedColumns.find(
        ({ names: [table, column] }) =>
          scope.has(table) &&
          (key === column || (['old_value', 'new_value'].includes(key) && is['column_name'] === column)),
      );
      const isOther = changed !== undefined && JSON.stringify(before) !== JSON.stringify(value);
      if (isOther) used.add(changed.entry);
      result[key] = isOther ? before : forgive(before, value, within(key, value, scope));
    }
    // How many rows a snapshot and its report have follows from what is new.
    if (newTables.length > 0) {
      for (const key of was['kind'] === 'end'
        ? ['rows']
        : isName(was['table'], 'table_status')
          ? ['row_count']
          : []) {
        if (was[key] !== undefined) result[key] = was[key];
      }
    }
    return result;
  };

  /** What is now, but for what is intended. */
  const forgive = (was: Json, is: Json, scope: ReadonlySet<string>): Json => {
    if (typeof was === 'string' && typeof is === 'string') return forgiveText(was, is, scope);
    if (Array.isArray(was) && Array.isArray(is)) {
      // A tag of OCSF that was there is not new, whatever table has a new column of its name.
      const tags = new Set(was.map((one: Json) => (isObject(one) && 'value' in one ? one['name'] : null)));
      const isKept = (one: Json): boolean =>
        !isNew(one) || (isObject(one) && 'value' in one && tags.has(one['name'] ?? ''));
      const same = was.length === is.length ? is : is.filter(isKept);
      return same.map((one: Json, index: number) => {
        const before = (was as readonly Json[])[index];
        return before === undefined ? one : forgive(before, one, within('', one, scope));
      });
    }
    return isObject(was) && isObject(is) ? forgiveObject(was, is, within('', is, scope)) : is;
  };

  const scopeOf = (file: string): ReadonlySet<string> =>
    new Set(
      [...newColumns, ...changedColumns]
        .map(({ names: [table] }) => table)
        .filter(
          (table) => /(?:^|\/)findings/.test(file) || new RegExp(`(?:^|/)${table}(?:\\.[a-z]+)?$`).test(file),
        ),
    );

  const ids = /[0-9a-f]{64}|(?<![0-9.])[0-9]{11,16}(?![0-9.])/g;
  /** Ids of now to recorded ones and back, for each world. */
  const pairs = new Map<
    string,
    { readonly forward: Map<string, string>; readonly backward: Map<string, string> }
  >();
  /** Puts the recorded ids in place of those of now, where one goes with one throughout. */
  const renumber = (world: string, was: string, is: string): string => {
    const { forward, backward } = pairs.get(world) ?? { forward: new Map(), backward: new Map() };
    pairs.set(world, { forward, backward });
    const old = was.match(ids) ?? [];
    if (newIds === undefined || old.length !== (is.match(ids) ?? []).length) return is;
    let at = 0;
    return is.replace(ids, (id) => {
      const before = old[at] ?? id;
      at += 1;
      if (!forward.has(id) && !backward.has(before)) {
        forward.set(id, before);
        backward.set(before, id);
      }
      if (forward.get(id) !== before) return id;
      if (id !== before) used.add(newIds);
      return before;
    });
  };

  /** Fields as they stand in the text, quotes included. */
  const csvRows = (text: string): string[][] =>
    Array.from(text.matchAll(/((?:"(?:[^"]|"")*"|[^,\r\n"])*)(,|\r?\n|$)/g)).reduce<string[][]>(
      (rows, [, field = '', end]) => {
        rows.at(-1)?.push(field);
        if (end !== ',' && end !== '') rows.push([]);
        return rows;
      },
      [[]],
    );
  const unquoted = (field: string): string =>
    field.startsWith('"') ? field.slice(1, -1).replaceAll('""', '"') : field;

  const forgiveCsv = (file: string, was: string, is: string): string => {
    const scope = scopeOf(file.replace(/^.*\//, ''));
    const [before, rows] = [csvRows(was), csvRows(is)];
    for (const { entry, names } of newColumns) {
      const at = scope.has(names[0]) ? (rows[0]?.indexOf(names[1]) ?? -1) : -1;
      if (at === -1) continue;
      used.add(entry);
      for (const row of rows) row.splice(at, 1);
    }
    const forgiveField = (field: string, row: number, index: number): string => {
      const old = before[row]?.[index];
      if (old === undefined || old === field) return field;
      const changed = changedColumns.find(
        ({ names }) => scope.has(names[0]) && names[1] === before[0]?.[index],
      );
      if (changed !== undefined) used.add(changed.entry);
      const isSame = forgiveText(unquoted(old), unquoted(field), scope) === unquoted(old);
      return changed !== undefined || isSame ? old : field;
    };
    const end = is.includes('\r\n') ? '\r\n' : '\n';
    const fields = rows.map((row, at) => row.map((field, index) => forgiveField(field, at, index)));
    return fields.map((row) => row.join(',')).join(end);
  };

  /** A line of an array may have a comma behind it. */
  const objectOf = (line: string): JsonObject | undefined => {
    const value = line.startsWith('{') || line.startsWith(' ') ? parse(line.replace(/,$/, '')) : undefined;
    return isObject(value) ? value : undefined;
  };
  const normalLine = (line: string): string => {
    const value = objectOf(line);
    return value === undefined ? line : JSON.stringify(value);
  };

  /** The line that was there in place of one that is said otherwise; null where there was none. */
  const lineBefore = (line: string): string | null => {
    const found = otherLines.find((entry) => entry.line === line);
    if (found === undefined) return line;
    used.add(found);
    return found.was;
  };

  const forgiveLines = (file: string, was: string, given: string): readonly [string, string] => {
    const is = given
      .split('\n')
      .flatMap((line) => lineBefore(line) ?? [])
      .join('\n');
    const before = was.split('\n');
    const after = is.split('\n').filter((line) => {
      const value = objectOf(line);
      return value === undefined || !isNew(value);
    });
    const normal = before.map(normalLine);
    if (before.length !== after.length) return [normal.join('\n'), after.map(normalLine).join('\n')];
    let scope = scopeOf(file);
    const lines = after.map((line, index) => {
      if (line.startsWith('=== ')) scope = scopeOf(line.slice(4));
      const [old, value] = [objectOf(before[index] ?? ''), objectOf(line)];
      return old === undefined || value === undefined
        ? line
        : JSON.stringify(forgive(old, value, within('', value, scope)));
    });
    return [normal.join('\n'), lines.join('\n')];
  };

  const forgiven = (file: string, was: string, is: string): readonly [string, string] => {
    if (file.endsWith('.csv')) return [was, forgiveCsv(file, was, is)];
    const [old, value] = [parse(was), parse(is)];
    if (old === undefined || value === undefined) return forgiveLines(file, was, is);
    return [JSON.stringify(old, null, 1), JSON.stringify(forgive(old, value, scopeOf(file)), null, 1)];
  };

  /** Line by line, so that a line too many spoils no other. */
  const renumbered = (world: string, file: string, was: string, is: string): string => {
    if (newIds === undefined || !isCollected(`${world}/${file}`)) return is;
    const [before, after] = [was.split('\n'), is.split('\n')];
    return after.map((line, index) => renumber(world, before[index] ?? '', line)).join('\n');
  };

  const firstDifferences = (was: string, is: string): string => {
    const [before, after] = [was.split('\n'), is.split('\n')];
    const shown: string[] = [];
    for (let line = 0; line < Math.max(before.length, after.length) && shown.length < 6; line += 1) {
      if (before[line] === after[line]) continue;
      const [old, own] = [before[line] ?? '(no line)', after[line] ?? '(no line)'];
      // A line may be long: what is before the place where they part is left out.
      let at = 0;
      while (at < old.length && old[at] === own[at]) at += 1;
      const from = Math.max(0, at - 60);
      shown.push(`  line ${line + 1}\n  - ${old.slice(from, at + 160)}\n  + ${own.slice(from, at + 160)}`);
    }
    return shown.join('\n');
  };

  const compareText = (world: string, file: string, was: string, is: string): readonly string[] => {
    if (was === is) return [];
    const [before, own] = intended.length === 0 ? [was, is] : forgiven(file, was, is);
    const after = renumbered(world, file, before, own);
    return before === after ? [] : [`${world}/${file}\n${firstDifferences(before, after)}`];
  };

  const sections = (text: string): ReadonlyMap<string, string> =>
    new Map(text.split(/^(?==== )/m).map((part) => [/^=== (.*)\n/.exec(part)?.[1] ?? '', part] as const));

  const compareFile = (
    world: string,
    file: string,
    was: string | undefined,
    is: string | undefined,
  ): readonly string[] => {
    if (was === is) return [];
    const about = intended.filter((entry) => 'file' in entry && entry.file === `${world}/${file}`);
    for (const entry of about) if (!('section' in entry)) used.add(entry);
    if (about.some((entry) => !('section' in entry))) return [];
    if (was === undefined || is === undefined) {
      const table = newTables.find(({ name }) => new RegExp(`(?:^|/)${name}\\.[a-z]+$`).test(file));
      if (table !== undefined && was === undefined) {
        used.add(table.entry);
        return [];
      }
      return [`${world}/${file}: ${was === undefined ? 'it was not recorded' : 'it is not there any more'}`];
    }
    if (about.length === 0) return compareText(world, file, was, is);
    const [before, after] = [sections(was), sections(is)];
    return [...new Set([...before.keys(), ...after.keys()])].flatMap((name) => {
      if (before.get(name) === after.get(name)) return [];
      const entry = about.find((one) => 'section' in one && one.section === name);
      if (entry === undefined) {
        return compareText(world, `${file} === ${name}`, before.get(name) ?? '', after.get(name) ?? '');
      }
      used.add(entry);
      return [];
    });
  };

  return {
    /** Differences of a world that nobody intended, each with its file. */
    differences: (world: string, was: Texts, is: Texts): readonly string[] =>
      [...new Set([...was.keys(), ...is.keys()])]
        .toSorted()
        .flatMap((file) => compareFile(world, file, was.get(file), is.get(file))),
    /** Entries that explained nothing. */
    unused: (): readonly Intended[] => intended.filter((entry) => !used.has(entry)),
  };
};
