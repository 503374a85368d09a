/** Whether an MDM server manages the Mac, by every witness that tells. */
import type { CommandName } from '../../collector/sources.ts';
import type { Context } from '../../collector/table.ts';
import type { Witness } from './conflict_rules.ts';

export const enrollmentSources = [
  'profiles_status_enrollment',
  'profiles_show_configuration',
  'profiles_status_bootstraptoken',
] as const;

export interface EnrollmentWitnesses {
  readonly says: readonly Witness[];
  readonly denies: readonly Witness[];
}

/**
 * What each witness says, as it came: also a list of profiles that another answer contradicts. A server that takes the
 * bootstrap token is one that manages the Mac.
 */
export const readEnrollmentWitnesses = async (context: Context): Promise<EnrollmentWitnesses> => {
  const [status, configuration, bootstrap] = await Promise.all([
    context.said('profiles_status_enrollment'),
    context.said('profiles_show_configuration'),
    context.said('profiles_status_bootstraptoken'),
  ]);
  const hasProfile =
    configuration === null ? null : configuration.mdm !== null || (configuration.isComplete ? false : null);
  const isTaken = bootstrap?.supported === true ? true : bootstrap?.notEnrolled === true ? false : null;
  const told: readonly (readonly [string, CommandName, boolean | null])[] = [
    ['profiles status', 'profiles_status_enrollment', status?.mdmEnrolled ?? null],
    ['profiles show', 'profiles_show_configuration', hasProfile],
    ['profiles status bootstraptoken', 'profiles_status_bootstraptoken', isTaken],
  ];
  const of = (word: boolean): Witness[] =>
    told
      .filter(([, , says]) => says === word)
      .map(([source, command]) => ({
        source,
        value: word ? 1 : 0,
        command_id: context.commandId(command),
      }));
  return { says: of(true), denies: of(false) };
};
