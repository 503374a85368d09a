/** `npm run check`: the static checks, in seconds; for the time between two edits. */
import { runChecks } from './checks.mjs';
import { childEnvironment, fittingNode, setUp } from './setup.mjs';

setUp();
const node = fittingNode();
const env = { ...childEnvironment(node), NO_COLOR: '1' };
const { failed } = await runChecks(node, env, (text) => process.stdout.write(text));
process.exitCode = failed === 0 ? 0 : 1;
