import type { PasswordRule } from '../collector/parsers/pwpolicy_get_account_policies.ts';
import { knownWords } from '../collector/privacy.ts';
import { bit, boolean, defineTable, integer, required, text } from '../collector/table.ts';

/** Of these forms alone a number is read; anything else a predicate may say is not worked out. */
const minimumForm = /^policyAttributePassword matches '\.\{([0-9]{1,4}),\}\+?'$/;
const minimumOf = ({ parameters, content }: PasswordRule): number | null => {
  const [, digits] = minimumForm.exec(content ?? '') ?? [];
  return parameters.get('minimumLength') ?? (digits === undefined ? null : Number(digits));
};

const number = (description: string, meta: { readonly unit?: 'seconds'; readonly example: string }) =>
  integer(description, { privacy: 'nobody', nullIsAnswer: 'the rule does not say it', ...meta });

/** A number of days or times is whole. */
const whole = (value: number | null | undefined): number | null =>
  value != null && Number.isSafeInteger(value) ? value : null;

const rowsOf = (rules: readonly PasswordRule[]) => {
  const seen = new Map<string, number>();
  return rules.map((rule) => {
    const { category, identifier, content, description, parameters } = rule;
    const kept = JSON.stringify([category, identifier, content]);
    const occurrence = (seen.get(kept) ?? 0) + 1;
    seen.set(kept, occurrence);
    return {
      uid: -1,
      policy_identifier: identifier,
      policy_content: content,
      policy_description: description,
      policy_category: category,
      policy_parameters: parameters.size === 0 ? null : JSON.stringify(Object.fromEntries(parameters)),
      is_of_apple: bit(identifier?.startsWith('com.apple.defaultpasswordpolicy')),
      minimum_length: whole(minimumOf(rule)),
      max_failed_logins: whole(parameters.get('policyAttributeMaximumFailedAuthentications')),
      lockout_seconds: whole(parameters.get('autoEnableInSeconds')),
      expires_days: whole(
        parameters.get('policyAttributeExpiresEveryNDays') ??
          parameters.get('policyAttributeDaysUntilExpiration'),
      ),
      history_depth: whole(parameters.get('policyAttributePasswordHistoryDepth')),
      inactive_days: whole(parameters.get('policyAttributeInactiveDays')),
      occurrence,
    };
  });
};

export default defineTable({
  name: 'password_policy',
  description:
    'One row per rule that holds for the password of every account: what it demands, and who set it.',
  columns: {
    uid: integer('-1: the rule is of all accounts.', { privacy: 'nobody', example: '-1' }),
    policy_identifier: text('Name of the rule; ProfilePayload:… where a profile set it.', {
      privacy: 'organisation',
      example: 'com.apple.defaultpasswordpolicy.fde',
      nullIsAnswer: 'the rule has no name',
    }),
    policy_content: text('The rule, as a predicate that nothing here evaluates.', {
      privacy: 'organisation',
      example: "policyAttributePassword matches '.{4,}+'",
      nullIsAnswer: 'the rule has none',
    }),
    policy_description: text('What a user is told.', {
      privacy: 'organisation',
      example: 'Enter a password that is four characters or more.',
      nullIsAnswer: 'the rule has none',
    }),
    policy_category: required(
      text('When it is asked: at the login, at a change of the password, or of its content.', {
        privacy: knownWords([
          'policyCategoryAuthentication',
          'policyCategoryPasswordChange',
          'policyCategoryPasswordContent',
        ]),
        example: 'policyCategoryPasswordContent',
      }),
    ),
    policy_parameters: text('The numbers of the rule by their names, as JSON.', {
      privacy: 'organisation',
      example: '{"autoEnableInSeconds":900}',
      nullIsAnswer: 'the rule has no parameters',
    }),
    is_of_apple: boolean('1 for the rule that macOS brings along, by its name.', {
      privacy: 'nobody',
      example: '1',
      nullIsAnswer: 'the rule has no name',
    }),
    minimum_length: number(
      'Characters that a password has at least, where the rule is of a form that tells it.',
      {
        example: '4',
      },
    ),
    max_failed_logins: number('Failed logins after which the account is locked.', { example: '10' }),
    lockout_seconds: number('After how long a locked account is open again.', {
      unit: 'seconds',
      example: '900',
    }),
    expires_days: number('Days after which a password is to be changed.', { example: '365' }),
    history_depth: number('Former passwords that may not be used again.', { example: '5' }),
    inactive_days: number('Days without a login after which an account is closed.', { example: '35' }),
    occurrence: required(integer('1, or which of several equal rules.', { privacy: 'nobody', example: '1' })),
  },
  key: ['policy_category', 'policy_identifier', 'policy_content', 'occurrence'],
  sources: ['pwpolicy_get_account_policies'],
  hasRowsOfValues: true,
  macos: '10.13+',
  notes: [
    'The first six columns are those of osquery. Rules of one account alone are not asked for.',
    'Several rules hold together: of several numbers the strictest counts.',
    'A profile that sets a rule may be installed while there is no such rule here.',
  ],
  examples: [
    'SELECT max(minimum_length) AS minimum_length, min(max_failed_logins) AS max_failed_logins FROM password_policy;',
    'SELECT policy_identifier, policy_content FROM password_policy WHERE is_of_apple IS NOT 1;',
  ],
  generate: async (context) => rowsOf(await context.read('pwpolicy_get_account_policies')),
});
