/** Which Mac it is, for people: the name beside the UUID, and the host that somebody means by a name. */
import { UserError } from '../collector/errors.ts';
import { folded } from '../collector/folded.ts';
import { nearest } from '../collector/nearest.ts';
import { plural } from '../collector/plural.ts';
import type { Db } from '../store/database.ts';
import type { Cells, Mode } from './output.ts';

/** A host, by all that it is called. */
export interface HostNames {
  readonly hostId: string | null;
  /** LocalHostName. */
  readonly hostname: string | null;
  readonly computerName: string | null;
}

/** What the table `hosts` says now, or at the moment that its name stands for on this connection. */
export const readHostNames = (db: Db): readonly HostNames[] =>
  db
    .prepare(
      'SELECT host_id AS hostId, hostname, computer_name AS computerName FROM hosts ORDER BY host_id COLLATE BINARY',
    )
    .all() as HostNames[];

/** The same, with the hosts of which the table `hosts` could not be collected. */
export const readAllHosts = (db: Db): readonly HostNames[] => {
  const named = readHostNames(db);
  const known = new Set(named.map(({ hostId }) => hostId));
  const others = db.prepare('SELECT DISTINCT host_id FROM table_status').pluck().all() as string[];
  const unnamed = others.filter((hostId) => !known.has(hostId));
  return [...named, ...unnamed.map((hostId) => ({ hostId, hostname: null, computerName: null }))];
};

/** The name of a host in a text for people, as it is: who prints it makes it visible. The UUID is always there. */
export const hostLabel = ({ hostId, hostname, computerName }: HostNames): string => {
  const name = hostname ?? computerName;
  if (hostId === null) return name ?? 'of unknown id';
  return name === null ? hostId : `${name} (${hostId})`;
};

/** How the hosts of a database are called. */
export interface NamedHosts {
  /** A host that is not there has its id alone. */
  readonly labelOf: (hostId: string) => string;
  readonly hostnameOf: (hostId: string) => string | null;
  /** Its name alone, where no other host has it. */
  readonly nameOf: (hostId: string) => string;
  /** All that a host is called beside its id. */
  readonly namesOf: (hostId: string) => readonly string[];
}

export const namedHosts = (db: Db): NamedHosts => {
  const hosts = new Map(readHostNames(db).map((host) => [host.hostId, host]));
  const counts = new Map<string, number>();
  const ownName = ({ hostname, computerName }: HostNames): string => hostname ?? computerName ?? '';
  for (const host of hosts.values()) {
    const name = folded(ownName(host));
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  const labelOf = (hostId: string): string =>
    hostLabel(hosts.get(hostId) ?? { hostId, hostname: null, computerName: null });
  return {
    labelOf,
    nameOf: (hostId) => {
      const host = hosts.get(hostId);
      const name = host === undefined ? '' : ownName(host);
      return name !== '' && counts.get(folded(name)) === 1 ? name : labelOf(hostId);
    },
    hostnameOf: (hostId) => hosts.get(hostId)?.hostname ?? null,
    namesOf: (hostId) => {
      const { hostname = null, computerName = null } = hosts.get(hostId) ?? {};
      return [hostname, computerName].filter((name) => name !== null);
    },
  };
};

/** Modes that a person reads; a program that reads another one finds the UUID where it was. */
const forPeople: ReadonlySet<Mode> = new Set(['pretty', 'line', 'markdown']);

/** Rows that have a `host_id` with the name of each host: beside the UUID for people, as a further field of JSON for programs. */
export const withNames = (
  mode: Mode,
  columns: readonly string[],
  rows: Iterable<Cells>,
  { labelOf, hostnameOf }: Pick<NamedHosts, 'labelOf' | 'hostnameOf'>,
): { readonly columns: readonly string[]; readonly rows: Iterable<Cells> } => {
  const at = columns.indexOf('host_id');
  const mapped = function* (change: (cells: Cells, hostId: string | null) => Cells): Generator<Cells> {
    for (const cells of rows) {
      const hostId = cells[at] ?? null;
      yield change(cells, typeof hostId === 'string' ? hostId : null);
    }
  };
  if (forPeople.has(mode)) {
    const labelled = mapped((cells, id) => (id === null ? cells : cells.with(at, labelOf(id))));
    return { columns, rows: labelled };
  }
  if (mode !== 'json' && mode !== 'ndjson') return { columns, rows };
  const named = mapped((cells, id) => [...cells, id === null ? null : hostnameOf(id)]);
  return { columns: [...columns, 'hostname'], rows: named };
};

/** As many as a person looks through. */
const listedAtMost = 20;

const list = (ids: readonly string[]): string =>
  ids.length > listedAtMost
    ? `${ids.slice(0, listedAtMost).join(', ')} and ${ids.length - listedAtMost} more`
    : ids.join(', ');

/** The host that somebody means by its UUID, hostname or computer_name; null where there is none. Throws where several are meant. */
const findHost = (hosts: readonly HostNames[], name: string): string | null => {
  const wanted = folded(name);
  const is = (other: string | null): boolean => other !== null && folded(other) === wanted;
  const ids = (of: readonly HostNames[]): string[] => [
    ...new Set(of.map(({ hostId }) => hostId).filter((id) => id !== null)),
  ];
  // Whose id it is, is meant, whatever another one is called; ids that differ in case alone are told apart by it.
  const byId = ids(hosts).filter(is);
  const exact = byId.find((id) => id === name) ?? byId[0];
  if (exact !== undefined) return exact;
  const named = ids(hosts.filter(({ hostname, computerName }) => is(hostname) || is(computerName)));
  if (named.length > 1) {
    throw new UserError(
      `${plural(named.length, 'host')} are called ${name}: ${list(named)}`,
      'name the one that is meant by its UUID',
    );
  }
  return named[0] ?? null;
};

/** What is near what was mistyped is looked for among so many. */
const triedAtMost = 1000;

/** The same; throws UserError where there is none. `all` says what lists them. */
export const hostAmong = (hosts: readonly HostNames[], name: string, all: string): string => {
  const found = findHost(hosts, name);
  if (found !== null) return found;
  const known = hosts
    .slice(0, triedAtMost)
    .flatMap(({ hostId, hostname, computerName }) => [hostname, computerName, hostId])
    .filter((text) => text !== null);
  const near = nearest(name, known);
  throw new UserError(`there is no host ${name}`, near === null ? all : `did you mean ${near}? ${all}`);
};
