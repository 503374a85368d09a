/** Whether this runs on a Mac; elsewhere there is evidence, and what Macs sent. */
export const isMac = process.platform === 'darwin';
