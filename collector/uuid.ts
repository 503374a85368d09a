/** What a UUID looks like. Apart from the parsers, for every command line asks it. */

/** 8-4-4-4-12 hexadecimal digits, whatever the case. */
export const uuidPattern = '[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}';
const wholeUuid = new RegExp(`^${uuidPattern}$`);
export const isUuid = (text: string): boolean => wholeUuid.test(text);
