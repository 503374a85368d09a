import { unread } from '../collector/setting.ts';
import type { LoginHooks } from '../collector/parsers/loginwindow_preferences.ts';
import { defineTable, oneOf, required, text } from '../collector/table.ts';
import { readRowPreferences } from './shared/preferences.ts';

const systemFile = '/Library/Preferences/com.apple.loginwindow.plist';
const rootFile = '/private/var/root/Library/Preferences/com.apple.loginwindow.plist';

type SetIn = 'root' | 'system';
/** A hook that is there and could not be read is a row too. */
const hooksIn = (setIn: SetIn, hooks: LoginHooks | null | undefined) =>
  (['login', 'logout'] as const).flatMap((event) => {
    const program = hooks?.[event] ?? null;
    return program === null ? [] : [{ event, set_in: setIn, program: program === unread ? null : program }];
  });

export default defineTable({
  name: 'login_hooks',
  description: 'One row per login or logout hook: a program that runs as root when somebody logs in or out.',
  columns: {
    event: required(oneOf(['login', 'logout'], 'When it runs.', { privacy: 'nobody' })),
    set_in: required(
      oneOf(
        ['root', 'system'],
        'Where it is set: in root’s own preferences, as sudo defaults writes them, or in those of the system.',
        { privacy: 'nobody' },
      ),
    ),
    program: text('Path of the program, as it is set; NULL where the setting is no text.', {
      privacy: 'name',
      example: '/Users/Shared/hook.sh',
    }),
  },
  key: ['set_in', 'event'],
  sources: ['loginwindow_preferences', 'root_loginwindow_preferences'],
  hasRowsOfValues: true,
  macos: '10.13+',
  keptSince: '0.8.0',
  notes: [
    'The file of root is shown to root only: for others the table is partial.',
    'A user’s own file may name a hook too, and is not read.',
  ],
  examples: ['SELECT event, program FROM login_hooks;'],
  generate: async (context) => {
    const [system, root] = await Promise.all([
      readRowPreferences(context, context.readFile('loginwindow_preferences', systemFile)),
      readRowPreferences(context, context.readFile('root_loginwindow_preferences', rootFile)),
    ]);
    if (system === null && root === null) await context.readFile('loginwindow_preferences', systemFile);
    return [...hooksIn('root', root?.content), ...hooksIn('system', system?.content?.hooks)];
  },
});
