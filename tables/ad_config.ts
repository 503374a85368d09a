import { optionNames } from '../collector/parsers/dsconfigad_show.ts';
import { knownWords } from '../collector/privacy.ts';
import { defineTable, required, text } from '../collector/table.ts';

export default defineTable({
  name: 'ad_config',
  description: 'One row per option of the binding to Active Directory; none on a Mac that is not bound.',
  columns: {
    name: text('Name of the configuration in osquery.', {
      privacy: 'organisation',
      from: [],
      nullBecause: 'dsconfigad does not print it',
    }),
    domain: text('The domain that the Mac is bound to.', {
      privacy: 'organisation',
      example: 'example.net',
    }),
    option: required(
      text('Name of the option, as dsconfigad prints it.', {
        privacy: knownWords(optionNames, 'linkable'),
        example: 'Allowed admin groups',
      }),
    ),
    value: text(
      'Its value, as dsconfigad prints it: Enabled, Disabled, a word, a number of days, or names.',
      {
        privacy: 'organisation',
        example: 'Local Administrators',
        nullIsAnswer: 'the option is not set',
      },
    ),
  },
  key: ['option'],
  sources: ['dsconfigad_show'],
  hasRowsOfValues: true,
  macos: '10.13+',
  notes: [
    'The columns are those of osquery; the names of options are those of dsconfigad.',
    'Members of `Allowed admin groups` are administrators at their login, and in no local group: users.is_admin of a mobile account is NULL then.',
    'Groups stand with commas between them; a name may hold one too.',
  ],
  examples: ["SELECT value FROM ad_config WHERE option = 'Allowed admin groups';"],
  generate: async (context) => {
    const { domain, options } = await context.read('dsconfigad_show');
    return options.map(([option, value]) => ({ name: null, domain, option, value }));
  },
});
