import { knownWords } from '../collector/privacy.ts';
import { bit, boolean, defineTable, oneOf, text } from '../collector/table.ts';

const levels = ['full', 'reduced', 'medium', 'permissive', 'off'] as const;
const flag = (description: string) => boolean(description, { privacy: 'nobody', example: '0' });

export default defineTable({
  name: 'secureboot',
  description: 'One row per Mac: which systems may start it, and who may change that.',
  columns: {
    secure_boot: flag('1 while the Mac checks what it starts: full, reduced and medium security.'),
    description: text('The level, as the Mac words it in its own language.', {
      privacy: knownWords(
        ['Full Security', 'Reduced Security', 'Medium Security', 'Permissive Security', 'No Security'],
        'free',
      ),
      example: 'Full Security',
    }),
    kernel_extensions: flag('Kernel extensions of other makers may be loaded.'),
    mdm_operations: flag('MDM may manage kernel extensions and updates.'),
    level: oneOf(levels, 'The level; NULL for a word of another language than English.', {
      privacy: 'nobody',
    }),
    system_sealed: boolean('The signed system volume is required.', { privacy: 'nobody', example: '1' }),
  },
  key: [],
  sources: ['system_profiler_ibridge'],
  macos: '10.15+',
  notes: [
    'The first four columns are those of osquery; its secure_mode is not here: level says more.',
    'macOS translates these words, whatever the program asks for: on a Mac in another language they are NULL, and description has the word.',
    'A Mac with neither Apple silicon nor a T2 chip lists nothing: the table is then failed.',
  ],
  examples: ["SELECT level, kernel_extensions FROM secureboot WHERE level <> 'full';"],
  generate: async (context) => {
    const found = await context.read('system_profiler_ibridge');
    const { description, level, allowsKernelExtensions, allowsMdmOperations, isSystemSealed } = found;
    return [
      {
        secure_boot: level === null ? null : bit(level !== 'permissive' && level !== 'off'),
        description,
        kernel_extensions: bit(allowsKernelExtensions),
        mdm_operations: bit(allowsMdmOperations),
        level,
        system_sealed: bit(isSystemSealed),
      },
    ];
  },
});
