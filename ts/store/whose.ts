/** Facts about the caller, for whom more than one store may be meant. */
export interface Caller {
  readonly uid: number;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/**
 * Says whose store was looked in, where the same person has another: a user has root's by sudo(8), and root by sudo that
 * of the user. Empty where there is none. Pure.
 *
 * @param command that lists what is in the other store
 */
export function whoseStore(
  command: string,
  { uid, env }: Caller = { uid: process.geteuid?.() ?? 0, env: process.env },
): string {
  if (uid !== 0) return ` in the store of uid ${uid}, 'sudo ${command}' in root's`;
  const { SUDO_UID: user } = env;
  return user === undefined || user === '0' ? '' : ` in the store of root, without sudo in that of uid ${user}`;
}
