import type { Target } from '../target.ts';
import { archives, evidence } from './evidence.ts';
import { written } from './formats.ts';
import { osquery } from './osquery.ts';
import { files, parsers } from './parsers.ts';
import { script } from './script.ts';
import { gate } from './sql.ts';
import { damaged, lying, native } from './stores.ts';

/** Every place where something comes in that somebody else made, and every one where it goes out. */
export const targets: readonly Target<never>[] = [
  parsers,
  files,
  evidence,
  archives,
  native,
  damaged,
  lying,
  gate,
  written,
  script,
  osquery,
] as readonly unknown[] as readonly Target<never>[];
