import { NotAsked } from '../collector/errors.ts';
import { bit, boolean, defineTable, oneOf } from '../collector/table.ts';

export default defineTable({
  name: 'mdm_security_info',
  description:
    'One row per Mac that was asked with --allow-network: recovery lock, startup security and supervision, as it would tell its MDM server.',
  columns: {
    recovery_lock_enabled: boolean(
      'A password is needed to start recovery (Apple silicon); NULL where the Mac does not tell it.',
      {
        privacy: 'nobody',
        example: '1',
        from: ['mdmclient_query_security_info'],
        nullIsAnswer: 'the answer does not hold it',
      },
    ),
    remote_desktop_enabled: boolean('Remote Management (Apple Remote Desktop) is on.', {
      privacy: 'nobody',
      example: '0',
      from: ['mdmclient_query_security_info'],
      nullIsAnswer: 'the answer does not hold it',
      keptSince: '0.8.0',
    }),
    secure_boot_level: oneOf(
      ['off', 'medium', 'full', 'not supported'],
      'Which systems may start: full, medium (reduced security) or off.',
      {
        privacy: 'nobody',
        example: 'full',
        from: ['mdmclient_query_security_info'],
        nullIsAnswer: 'the answer does not hold it',
        keptSince: '0.8.0',
      },
    ),
    external_boot_level: oneOf(
      ['allowed', 'disallowed', 'not supported'],
      'Whether the Mac may start from another disk.',
      {
        privacy: 'nobody',
        example: 'disallowed',
        from: ['mdmclient_query_security_info'],
        nullIsAnswer: 'the answer does not hold it',
        keptSince: '0.8.0',
      },
    ),
    is_supervised: boolean('The Mac is supervised, in whichever way it was enrolled.', {
      privacy: 'nobody',
      example: '1',
      from: ['mdmclient_query_device_information'],
      nullIsAnswer: 'the answer does not hold it',
    }),
  },
  key: [],
  sources: ['mdmclient_query_security_info', 'mdmclient_query_device_information'],
  macos: '10.13.4+',
  notes: [
    'mdmclient may ask a server, so it is asked with --allow-network only, and the printed collector never asks it.',
    'Reduced Security is medium. What Startup Security Utility shows, tokenquery does not ask: its tool can change it.',
  ],
  examples: ['SELECT recovery_lock_enabled, secure_boot_level FROM mdm_security_info;'],
  generate: async (context) => {
    const asked = await Promise.allSettled([
      context.read('mdmclient_query_security_info'),
      context.read('mdmclient_query_device_information'),
    ]);
    const [security, device] = asked;
    const failures = asked.flatMap((each) => (each.status === 'rejected' ? [each.reason as Error] : []));
    // A table of which nothing was asked has no row: that is no Mac without a recovery lock.
    if (failures.length === asked.length)
      throw failures.find((each) => !(each instanceof NotAsked)) ?? failures[0];
    for (const failure of failures) context.note(failure);
    const [info, about] = [
      security.status === 'fulfilled' ? security.value : null,
      device.status === 'fulfilled' ? device.value : null,
    ];
    return [
      {
        recovery_lock_enabled: bit(info?.isRecoveryLockEnabled),
        remote_desktop_enabled: bit(info?.remoteDesktopEnabled),
        secure_boot_level: info?.secureBootLevel ?? null,
        external_boot_level: info?.externalBootLevel ?? null,
        is_supervised: bit(about?.isSupervised),
      },
    ];
  },
});
