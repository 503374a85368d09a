/** Texts of a release that are made from others. */

const escapes: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
export const escapeXml = (text: string): string =>
  text.replace(/[&<>"]/g, (character) => escapes[character] ?? '');

/** Fills in `{{name}}`. A mark that nothing fills in, and a value without a mark, are errors. */
export const filled = (template: string, values: Readonly<Record<string, string>>): string => {
  const used = new Set<string>();
  const text = template.replace(/\{\{([a-z0-9_]+)\}\}/g, (_, name: string) => {
    const value = values[name];
    if (value === undefined) throw new Error(`nothing fills in {{${name}}}`);
    used.add(name);
    return value;
  });
  const unused = Object.keys(values).filter((name) => !used.has(name));
  if (unused.length > 0) throw new Error(`the template has no {{${unused.join('}} and no {{')}}}`);
  return text;
};

/** What CHANGELOG says of a version, without its heading. */
export const sectionOf = (changelog: string, version: string): string => {
  const sections = changelog.split(/^## /m).slice(1);
  const found = sections.filter((section) => section.split('\n', 1)[0]?.trim() === version);
  const [section] = found;
  const text = section?.slice(section.indexOf('\n')).trim() ?? '';
  if (found.length !== 1 || text === '')
    throw new Error(
      found.length > 1
        ? `CHANGELOG.md has ${found.length} sections of ${version}`
        : `CHANGELOG.md says nothing of ${version}: it needs a heading "## ${version}" with text below it`,
    );
  return text;
};
