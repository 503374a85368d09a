/** What every artefact of a release agrees on. */
import { installedFolder, packageLabel } from '../cli/job.ts';

/** Of the receipt that macOS keeps of an installed package. */
export const packageIdentifier = 'com.tokenquery.pkg';
/** Of the launchd job, and the domain of its managed preferences. */
export const jobLabel = packageLabel;
/** Where the macOS package puts the program. */
export const home = installedFolder;
/** The oldest macOS on which the Node that comes with it starts. */
export const oldestMacos = '13.5';

/** 2026-01-01T00:00:00Z: the time of every file in every artefact, so that none tells when or where it was made. */
export const fileTime = Date.UTC(2026, 0, 1) / 1000;

export const targets = ['darwin-arm64', 'darwin-x64', 'linux-x64'] as const;
export type Target = (typeof targets)[number];

export type MacTarget = Extract<Target, `darwin-${string}`>;
export const isMac = (target: Target): target is MacTarget => target.startsWith('darwin-');
