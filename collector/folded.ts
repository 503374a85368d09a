/** Names are compared without letter case, and however an accent is written. */
export const folded = (name: string): string => name.normalize('NFC').toLowerCase().normalize('NFC');
