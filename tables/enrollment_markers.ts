import { statOnly } from '../collector/sources.ts';
import { boolean, defineTable, integer, required, text, time } from '../collector/table.ts';

const markers = statOnly.filter(
  (path) => path === '/var/db/.AppleSetupDone' || path.startsWith('/var/db/ConfigurationProfiles/Settings/'),
);

export default defineTable({
  name: 'enrollment_markers',
  description: 'One row per marker file of setup and enrollment: is it there, since when, and who owns it.',
  columns: {
    path: required(
      text('Path of the marker.', {
        privacy: 'nobody',
        example: '/var/db/ConfigurationProfiles/Settings/.cloudConfigRecordFound',
      }),
    ),
    file_exists: boolean('The file is there; NULL when the folder may not be looked into.', {
      privacy: 'nobody',
      example: '1',
    }),
    size_bytes: integer('Size of the file; NULL when there is none.', {
      privacy: 'nobody',
      unit: 'bytes',
      example: '812',
      nullIsAnswer: 'the file is not there',
    }),
    modified_time: time('When the file was last changed.', {
      privacy: 'nobody',
      example: '1757000000',
      nullIsAnswer: 'the file is not there',
    }),
    owner_uid: integer('User id of its owner.', {
      privacy: 'nobody',
      example: '0',
      nullIsAnswer: 'the file is not there',
      isOwner: true,
    }),
  },
  key: ['path'],
  sources: ['stat'],
  rowsFrom: [],
  macos: '10.13+',
  notes: [
    'Markers are never read: only that they are there, their size, time and owner.',
    'RecordNotFound and ProfileInstalled together, on a Mac that is not enrolled, are what scripts leave ' +
      'that skip the enrolment.',
  ],
  readAnew: {
    // Of a volume that does not say whose its files are.
    '0.8.0': { columns: ['owner_uid'] },
  },
  examples: [
    'SELECT path, modified_time FROM enrollment_markers WHERE file_exists = 1;',
    'SELECT path, owner_uid FROM enrollment_markers WHERE owner_uid <> 0;',
  ],
  generate: async (context) => {
    const stats = await Promise.all(
      markers.map(async (path) => ({ path, found: await context.orUnknown(context.stat(path)) })),
    );
    if (stats.every(({ found }) => found === null)) await context.stat(markers[0] ?? '');
    return stats.map(({ path, found }) => {
      const file = found === null || found.kind === 'missing' ? null : found;
      return {
        path,
        file_exists: found === null ? null : file === null ? (0 as const) : (1 as const),
        size_bytes: file?.size ?? null,
        modified_time: file?.mtime ?? null,
        owner_uid: file?.uid ?? null,
      };
    });
  },
});
