/**
 * An XML property list as a tree that keeps the order of its keys, so that one thing in it can be changed.
 * It reads what scripts/samples.ts writes, and knows nothing of the parser under test.
 */
export type Node =
  | { readonly kind: 'dict'; readonly entries: readonly (readonly [string, Node])[] }
  | { readonly kind: 'array'; readonly items: readonly Node[] }
  | { readonly kind: 'true' | 'false' }
  | { readonly kind: 'string' | 'integer' | 'real' | 'date' | 'data'; readonly text: string };

/** Keys and positions from the root on. */
export type Path = readonly (string | number)[];

const tokens =
  /<key>([^<]*)<\/key>|<(true|false|dict|array|string|data)\/>|<(\/?)(dict|array)>|<(string|integer|real|date|data)>([^<]*)<\//g;

const unescape = (text: string): string =>
  text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');
const escape = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

/** Null for what is no XML property list. */
export const parsePlist = (text: string): Node | null => {
  const start = text.indexOf('<plist');
  if (start === -1) return null;
  const found = [...text.slice(start).matchAll(tokens)];
  let at = 0;
  const read = (): Node => {
    const [, , alone, , open, kind, content = ''] = found[at++] ?? [];
    if (alone === 'true' || alone === 'false') return { kind: alone };
    if (alone === 'dict') return { kind: 'dict', entries: [] };
    if (alone === 'array') return { kind: 'array', items: [] };
    if (alone === 'string' || alone === 'data') return { kind: alone, text: '' };
    if (open === 'array') {
      const items: Node[] = [];
      while (found[at]?.[3] !== '/') items.push(read());
      at += 1;
      return { kind: 'array', items };
    }
    if (open === 'dict') {
      const entries: [string, Node][] = [];
      while (found[at]?.[3] !== '/') {
        const key = unescape(found[at++]?.[1] ?? '');
        entries.push([key, read()]);
      }
      at += 1;
      return { kind: 'dict', entries };
    }
    if (kind === undefined) throw new Error('a property list that the mutation test cannot read');
    return { kind: kind as 'string', text: unescape(content) };
  };
  return read();
};

const lines = (node: Node, indent: string): string => {
  const inner = `${indent}\t`;
  switch (node.kind) {
    case 'dict': {
      const entries = node.entries.map(
        ([key, value]) => `${inner}<key>${escape(key)}</key>\n${lines(value, inner)}`,
      );
      return entries.length === 0
        ? `${indent}<dict/>\n`
        : `${indent}<dict>\n${entries.join('')}${indent}</dict>\n`;
    }
    case 'array':
      return node.items.length === 0
        ? `${indent}<array/>\n`
        : `${indent}<array>\n${node.items.map((item) => lines(item, inner)).join('')}${indent}</array>\n`;
    case 'true':
    case 'false':
      return `${indent}<${node.kind}/>\n`;
    case 'data':
      return `${indent}<data>${node.text}</data>\n`;
    default:
      return `${indent}<${node.kind}>${escape(node.text)}</${node.kind}>\n`;
  }
};

export const printPlist = (node: Node): string =>
  '<?xml version="1.0" encoding="UTF-8"?>\n' +
  '<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">\n' +
  `<plist version="1.0">\n${lines(node, '')}</plist>\n`;

/** Every node with its path, parents before children. A document inside a string is walked under the key `xml`. */
export const walk = (node: Node, path: Path = []): (readonly [Path, Node])[] => {
  const below =
    node.kind === 'dict'
      ? node.entries.flatMap(([key, value]) => walk(value, [...path, key]))
      : node.kind === 'array'
        ? node.items.flatMap((item, index) => walk(item, [...path, index]))
        : [];
  return [[path, node], ...below];
};

/** The tree with the node at a path replaced by what stands there now; null takes it out. */
export const change = (node: Node, path: Path, to: (node: Node) => readonly Node[]): Node => {
  const [step, ...rest] = path;
  if (step === undefined) return to(node)[0] ?? { kind: 'dict', entries: [] };
  const replaced = (child: Node): readonly Node[] =>
    rest.length === 0 ? to(child) : [change(child, rest, to)];
  if (node.kind === 'array') {
    return {
      kind: 'array',
      items: node.items.flatMap((item, index) => (index === step ? replaced(item) : [item])),
    };
  }
  if (node.kind === 'dict') {
    return {
      kind: 'dict',
      entries: node.entries.flatMap(([key, value]) =>
        key === step
          ? replaced(value).map((each): readonly [string, Node] => [key, each])
          : [[key, value] as const],
      ),
    };
  }
  return node;
};
