/** Whether hosts are of an organisation: said by whoever asks, or found out. */
export const expectations = ['managed', 'personal', 'auto'] as const;
export type Expectation = (typeof expectations)[number];
