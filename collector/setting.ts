/** What is known of a setting. It stands alone: tables, which every command loads, need no parser. */

/** A setting that is there and was not understood: nothing is known of it, not even that it is not set. */
export const unread: unique symbol = Symbol('unread');
/** Null when it is not set. */
export type Setting<T> = T | null | typeof unread;
/** Its value; null when it is not set or not known. */
export const known = <T>(setting: Setting<T>): T | null => (setting === unread ? null : setting);
