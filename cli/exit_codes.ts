/** How a command ends; docs/errors.md has the table, and what each command means by it. */
export const exitCodes = {
  done: 0,
  error: 1,
  /** The command line is wrong. */
  usage: 2,
  /** `findings --fail-on`. */
  found: 3,
  /** `--strict`, `--require`: done, and something was not seen. */
  notSeen: 4,
  /** `status --max-age`: something was seen too long ago. */
  old: 5,
  /** `merge --move-bad`: done, and something that cannot be read was put aside. */
  putAside: 6,
} as const;
