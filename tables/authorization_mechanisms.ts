import { bit, boolean, defineTable, integer, oneOf, required, text } from '../collector/table.ts';

/** Of macOS, as they stood in this right on macOS 13 and 14. */
const ofApple: ReadonlySet<string> = new Set([
  'builtin',
  'loginwindow',
  'PKINITMechanism',
  'HomeDirMechanism',
  'MCXMechanism',
  'CryptoTokenKit',
  'PSSOAuthPlugin',
]);

export default defineTable({
  name: 'authorization_mechanisms',
  description:
    'One row per step of the login at the screen: which plug-in takes part, and whether it runs as root.',
  columns: {
    label: required(
      oneOf(['system.login.console'], 'The right that the steps belong to.', { privacy: 'nobody' }),
    ),
    plugin: required(
      text('The plug-in; builtin is of macOS itself.', { privacy: 'organisation', example: 'loginwindow' }),
    ),
    mechanism: required(
      text('What it does, in the words of the plug-in.', { privacy: 'organisation', example: 'login' }),
    ),
    privileged: boolean('1 when it runs as root.', { privacy: 'nobody', example: '0' }),
    entry: required(
      text('The whole step, as it is set.', {
        privacy: 'organisation',
        example: 'builtin:authenticate,privileged',
      }),
    ),
    position: required(integer('Its place among the steps, from 1.', { privacy: 'nobody', example: '3' })),
    is_of_apple: boolean(
      '1 when the name of the plug-in is one that macOS brings along. A name proves no maker.',
      {
        privacy: 'nobody',
        example: '1',
      },
    ),
  },
  key: ['label', 'position'],
  sources: ['security_authorizationdb_console'],
  hasRowsOfValues: true,
  macos: '10.13+',
  notes: [
    'The columns but the last two are those of osquery. Of the rights of macOS this one alone is read.',
    'A plug-in of another maker stands in /Library/Security/SecurityAgentPlugins. An update of macOS may take it out of the list.',
  ],
  examples: ['SELECT entry, position FROM authorization_mechanisms WHERE is_of_apple = 0;'],
  generate: async (context) => {
    const mechanisms = await context.read('security_authorizationdb_console');
    return mechanisms.flatMap((found, index) => {
      if (found === null) return [];
      const { plugin, mechanism, isPrivileged } = found;
      return [
        {
          label: 'system.login.console' as const,
          plugin,
          mechanism,
          privileged: bit(isPrivileged),
          entry: `${plugin}:${mechanism}${isPrivileged ? ',privileged' : ''}`,
          position: index + 1,
          is_of_apple: bit(ofApple.has(plugin)),
        },
      ];
    });
  },
});
