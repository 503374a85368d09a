/**
 * What the artefacts are made of, as CycloneDX. `npm sbom` knows the packages; which of them are in the bundle is told by the
 * license texts that were collected from it. (`npm sbom --omit dev` leaves out what a tool of the project needs too.)
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { uuidOf } from './digest.ts';
import { fileTime } from './facts.ts';
import { pins } from './node_official.ts';

interface Component {
  readonly 'bom-ref': string;
  readonly name: string;
  readonly version: string;
  readonly [key: string]: unknown;
}
interface Dependency {
  readonly ref: string;
  readonly dependsOn: readonly string[];
}
export interface Sbom {
  readonly metadata: { readonly component: Component; readonly [key: string]: unknown };
  readonly components: readonly Component[];
  readonly dependencies: readonly Dependency[];
  readonly [key: string]: unknown;
}

/** The names in dist/licenses.txt: each stands alone on a line, its license below it, and an empty line ends that. */
export const bundledNames = (licenses: string): ReadonlySet<string> =>
  new Set(
    Array.from(
      licenses.matchAll(
        /(?:^|\n\n)((?:@[a-z0-9-]+\/)?[a-z0-9][a-z0-9._-]*)\n(?:[A-Z][A-Za-z0-9.-]*|\([^)\n]*\))(?=\n)/g,
      ),
      ([, name = '']) => name,
    ),
  );

/** What is reached from the dependencies of the program, by way of packages, and is in the bundle. */
const reached = (
  { metadata, components, dependencies }: Sbom,
  direct: ReadonlySet<string>,
  bundled: ReadonlySet<string>,
): ReadonlySet<string> => {
  const names = new Map(components.map((component) => [component['bom-ref'], component.name]));
  const below = new Map(dependencies.map(({ ref, dependsOn }) => [ref, dependsOn]));
  const nameOf = (ref: string): string => names.get(ref) ?? '';
  const seen = new Set<string>();
  const rest = (below.get(metadata.component['bom-ref']) ?? []).filter((ref) => direct.has(nameOf(ref)));
  for (let ref = rest.pop(); ref !== undefined; ref = rest.pop()) {
    if (seen.has(ref)) continue;
    seen.add(ref);
    rest.push(...(below.get(ref) ?? []));
  }
  const found = new Set([...seen].filter((ref) => bundled.has(nameOf(ref))));
  const missing = [...bundled].filter((name) => ![...found].some((ref) => nameOf(ref) === name));
  if (missing.length > 0) throw new Error(`npm sbom does not know what is bundled: ${missing.join(', ')}`);
  return found;
};

/** The same each time: no time, no tool of the build, no folder; the number is made from what it says. */
export const reducedSbom = (whole: Sbom, direct: ReadonlySet<string>, bundled: ReadonlySet<string>): Sbom => {
  const found = reached(whole, direct, bundled);
  const { component } = whole.metadata;
  const root = component['bom-ref'];
  const node = `node@${pins.version}`;
  const components = [
    ...whole.components.filter((one) => found.has(one['bom-ref'])),
    {
      'bom-ref': node,
      type: 'application',
      name: 'node',
      version: pins.version,
      description: 'Comes along in the packages and archives, not in the npm package',
      purl: `pkg:generic/node@${pins.version}`,
      licenses: [{ license: { id: 'MIT' } }],
    },
  ].toSorted((a, b) => (a['bom-ref'] < b['bom-ref'] ? -1 : 1));
  const dependencies = whole.dependencies
    .filter(({ ref }) => ref === root || found.has(ref))
    .map(({ ref, dependsOn }) => ({
      ref,
      dependsOn: [...dependsOn.filter((one) => found.has(one)), ...(ref === root ? [node] : [])].toSorted(),
    }))
    .toSorted((a, b) => (a.ref < b.ref ? -1 : 1));
  const said = {
    metadata: {
      timestamp: new Date(fileTime * 1000).toISOString(),
      component: { ...component, name: 'tokenquery', type: 'application' },
    },
    components,
    dependencies,
  };
  return {
    bomFormat: 'CycloneDX',
    specVersion: '1.5',
    serialNumber: `urn:uuid:${uuidOf(JSON.stringify(said))}`,
    version: 1,
    ...said,
  };
};

export const sbomOf = (project: string): string => {
  const words = ['sbom', '--sbom-format', 'cyclonedx', '--package-lock-only'];
  const whole = JSON.parse(
    execFileSync('npm', words, { cwd: project, encoding: 'utf8', maxBuffer: 1 << 26 }),
  ) as Sbom;
  const { dependencies } = JSON.parse(readFileSync(join(project, 'package.json'), 'utf8')) as {
    dependencies: Readonly<Record<string, string>>;
  };
  const bundled = bundledNames(readFileSync(join(project, 'dist/licenses.txt'), 'utf8'));
  return `${JSON.stringify(reducedSbom(whole, new Set(Object.keys(dependencies)), bundled), null, 2)}\n`;
};
