import { CollectError } from '../collector/errors.ts';
import { bit, boolean, defineTable, integer, text, time } from '../collector/table.ts';

/** Host of a URL; null for what is none. Path, query and credentials go no further. */
const hostOf = (url: string | null | undefined): string | null => {
  if (url == null) return null;
  const match = /^https?:\/\/(?:[^/?#@]*@)?(\[[0-9A-Fa-f:.]+\]|[^/?#:@\s]+)/i.exec(url);
  return match?.[1]?.toLowerCase() ?? null;
};

const contradicted = new CollectError(
  'contradicted',
  'profiles status -type enrollment says that the Mac is not enrolled, and profiles show -type configuration lists an MDM profile',
);

/** What only an enrolment has. */
const ofEnrollment = [
  'is_user_approved',
  'is_supervised',
  'is_user_enrollment',
  'server_host',
  'profile_identifier',
  'profile_install_time',
  'access_rights',
  'server_capabilities',
] as const;

export default defineTable({
  name: 'mdm_enrollments',
  description:
    'One row per Mac: is it enrolled in MDM, in which way, with which server, and what may the server do.',
  columns: {
    is_enrolled: boolean('An MDM server manages the Mac; NULL where the witnesses contradict each other.', {
      privacy: 'nobody',
      example: '1',
      from: ['profiles_status_enrollment', 'profiles_show_configuration'],
    }),
    is_user_approved: boolean('The enrolment is user approved; NULL when not enrolled.', {
      privacy: 'nobody',
      example: '1',
      from: ['profiles_status_enrollment'],
    }),
    is_dep_enrolled: boolean('Enrolled by Automated Device Enrollment.', {
      privacy: 'nobody',
      example: '1',
      from: ['profiles_status_enrollment'],
    }),
    is_supervised: boolean(
      'By the stored enrolment record of an enrolled Mac; NULL if it could only be derived.',
      {
        privacy: 'nobody',
        example: '1',
        from: ['profiles_show_enrollment_cached', 'profiles_status_enrollment'],
        nullIsAnswer: 'no stored enrolment record tells it',
      },
    ),
    is_user_enrollment: boolean('A user enrolment, which manages less.', {
      privacy: 'nobody',
      example: '0',
      from: ['profiles_show_configuration'],
      nullIsAnswer: 'the profile does not tell it',
    }),
    server_host: text('Host of the MDM server; never its path.', {
      privacy: 'organisation',
      example: 'mdm.example.com',
      from: ['profiles_show_configuration', 'profiles_status_enrollment'],
    }),
    profile_identifier: text('Identifier of the enrolment profile.', {
      privacy: 'organisation',
      example: 'com.example.mdm',
      from: ['profiles_show_configuration'],
    }),
    profile_install_time: time('When the enrolment profile was installed.', {
      privacy: 'nobody',
      from: ['profiles_show_configuration'],
    }),
    access_rights: integer('AccessRights of the MDM payload.', {
      privacy: 'nobody',
      example: '8191',
      from: ['profiles_show_configuration'],
    }),
    server_capabilities: text('ServerCapabilities of the MDM payload, as a JSON array.', {
      privacy: 'capabilities',
      example: '["com.apple.mdm.bootstraptoken"]',
      from: ['profiles_show_configuration'],
    }),
    dep_record_cached: boolean('A record of Apple Business or School Manager is stored on the Mac.', {
      privacy: 'nobody',
      example: '1',
      from: ['profiles_show_enrollment_cached'],
    }),
    organization: text('Organisation of the enrolment profile; off by default.', {
      privacy: 'organisation',
      from: ['profiles_show_configuration'],
      nullBecause: 'off by default: --include organization',
    }),
    setup_skips_filevault: boolean(
      'Setup Assistant skips its FileVault pane, by the stored enrolment record.',
      {
        privacy: 'nobody',
        example: '1',
        from: ['profiles_show_enrollment_cached'],
        nullIsAnswer: 'no stored enrolment record lists the panes that are skipped',
      },
    ),
  },
  key: [],
  sources: ['profiles_status_enrollment', 'profiles_show_configuration', 'profiles_show_enrollment_cached'],
  macos: '10.13.4+',
  // Witnesses that contradict each other leave it unknown; a profile with an odd value is read for the rest.
  readAnew: {
    '0.3.0': {
      columns: [
        'is_enrolled',
        'is_user_approved',
        'is_dep_enrolled',
        'is_supervised',
        'profile_identifier',
        'profile_install_time',
        'access_rights',
        'server_capabilities',
      ],
    },
  },
  examples: ['SELECT is_enrolled, is_user_approved, is_dep_enrolled, server_host FROM mdm_enrollments;'],
  generate: async (context) => {
    const [status, configuration, cached] = await Promise.all([
      context.orUnknown(context.read('profiles_status_enrollment')),
      context.orUnknown(context.read('profiles_show_configuration')),
      context.orUnknown(context.read('profiles_show_enrollment_cached')),
    ]);
    if (status === null && configuration === null && cached === null) {
      await context.read('profiles_status_enrollment');
    }
    const mdm = configuration?.mdm ?? null;
    // A profile that was not understood may be the one that enrols.
    const hasProfile = mdm !== null || (configuration?.isComplete === true ? false : null);
    // A profile of MDM on a Mac that says that it is not enrolled: conflicts has the row (M19), and nobody wins.
    const isDisputed = status?.mdmEnrolled === false && hasProfile === true;
    if (isDisputed) context.note(contradicted, { source: 'profiles_status_enrollment' });
    const isEnrolled = isDisputed ? null : (status?.mdmEnrolled ?? hasProfile);
    if (isEnrolled === false && hasProfile === false)
      context.inapplicable(ofEnrollment, 'the Mac is not enrolled');
    // The stored record says what Automated Device Enrollment gives: it counts for a Mac that was enrolled so.
    const isSupervised =
      isEnrolled === true && status?.enrolledViaDep === true ? (cached?.isSupervised ?? null) : null;
    return [
      {
        is_enrolled: bit(isEnrolled),
        is_user_approved: bit(status?.userApproved),
        is_dep_enrolled: bit(status?.enrolledViaDep),
        is_supervised: bit(isSupervised),
        is_user_enrollment: bit(mdm?.isUserEnrollment),
        server_host: mdm?.serverHost ?? hostOf(status?.serverUrl),
        profile_identifier: mdm?.identifier ?? null,
        profile_install_time: mdm?.installTime ?? null,
        access_rights: mdm?.accessRights ?? null,
        server_capabilities: mdm?.serverCapabilities == null ? null : JSON.stringify(mdm.serverCapabilities),
        dep_record_cached: bit(cached?.isAssigned),
        organization: context.include.has('organization') ? (mdm?.organization ?? null) : null,
        setup_skips_filevault: bit(cached?.skipsFileVaultPane),
      },
    ];
  },
});
