/** Name of the scope of a launcher. Its process ID is not given again while the scope is there. Pure. */
export function scopeName(launcher: number): string {
  return `orlop-${launcher}.scope`;
}

/**
 * Directory of the launcher's scope, of a directory at it or below; null if there is none. Pure.
 *
 * @param directory of the launcher's cgroup
 */
export function scopeIn(directory: string, launcher: number): string | null {
  const names = directory.split('/');
  const at = names.lastIndexOf(scopeName(launcher));
  return at < 0 ? null : names.slice(0, at + 1).join('/');
}

/**
 * Arguments of busctl(1) by which systemd makes a scope of a process: org.freedesktop.systemd1(5), `StartTransientUnit`.
 * The scope is delegated, systemd.resource-control(5), and removed even if it failed. Pure.
 *
 * @param bus path of the socket of the user's bus
 * @param timeout seconds that the answer may take
 */
export function callOf(launcher: number, bus: string, timeout: number): readonly string[] {
  const properties = [
    ['Description', 's', 'Containers of orlop'],
    ['PIDs', 'au', '1', `${launcher}`],
    ['Delegate', 'b', 'true'],
    ['CollectMode', 's', 'inactive-or-failed'],
    // Each container has its own limit of processes. That of a scope by default would hold for all together.
    ['TasksMax', 't', `${2n ** 64n - 1n}`],
  ];
  return [
    `--address=unix:path=${bus}`,
    `--timeout=${timeout}`,
    'call',
    'org.freedesktop.systemd1',
    '/org/freedesktop/systemd1',
    'org.freedesktop.systemd1.Manager',
    'StartTransientUnit',
    'ssa(sv)a(sa(sv))',
    scopeName(launcher),
    'fail',
    `${properties.length}`,
    ...properties.flat(),
    // No other units.
    '0',
  ];
}
