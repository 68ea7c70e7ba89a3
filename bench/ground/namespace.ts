import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';

/** Directory of the run; set for the program inside. */
const inside = 'ORLOP_BENCH_DIRECTORY';

/** Variables that change how fast Node starts, or what a contestant does; a measured process has none of them. */
const unset = ['NODE_EXTRA_CA_CERTS', 'NODE_OPTIONS', 'NODE_COMPILE_CACHE', 'ORLOP_ROOT', 'ORLOP_FEATURES'];

/** Of the program inside, and so of all that it measures. Pure. */
export function measuredEnvironment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !unset.includes(name)));
}

export function isInside(): boolean {
  return process.env[inside] !== undefined;
}

/** The directory of this run. */
export function runDirectory(): string {
  const directory = process.env[inside];
  if (directory === undefined) throw new Error('not in the namespace of a run');
  return directory;
}

/**
 * Runs this program again in a mount namespace of its own, without those variables and with a directory for the run.
 * All that the benchmark mounts goes with the namespace, and what it wrote is removed, however it ends.
 *
 * @returns its exit status
 */
export async function runInside(): Promise<number> {
  if (process.getuid?.() !== 0) {
    console.error('bench: it starts containers as root and as a user that it makes: run it with sudo');
    return 1;
  }
  const directory = mkdtempSync('/var/tmp/orlop-bench-');
  const env = { ...measuredEnvironment(process.env), [inside]: directory };
  const argv = ['--mount', '--propagation', 'private', process.execPath, ...process.execArgv, ...process.argv.slice(1)];
  const child = spawn('unshare', argv, { stdio: 'inherit', env });
  // Ctrl-C reaches the program inside too, which ends by it; the other comes to this one only.
  process.on('SIGINT', () => {});
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  try {
    const [status] = await once(child, 'exit');
    return status ?? 1;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** What contestants need of the machine that this namespace can give them. */
export function prepareNamespace(): void {
  // The user reads and executes what root makes for both.
  process.umask(0o022);
  chmodSync(runDirectory(), 0o711);
  // orlop's locks and the records of containers that run lie here; every machine has a tmpfs at this place.
  mkdirSync('/run/orlop', { recursive: true, mode: 0o700 });
  mount('tmpfs', '/run/orlop');
  // crun refuses a host with both versions of cgroups ("hybrid"): here it sees only the first.
  const unified = hybridMount(readFileSync('/proc/self/mounts', 'utf8'));
  if (unified !== null) mount('tmpfs', unified);
}

/** Where cgroup v2 is mounted beside v1; null where it is not. Pure; proc_mounts(5). */
export function hybridMount(mounts: string): string | null {
  const lines = mounts.split('\n').map((line) => line.split(' '));
  if (!lines.some(([, , type]) => type === 'cgroup')) return null;
  return lines.find(([, , type]) => type === 'cgroup2')?.[1] ?? null;
}

export function mount(type: string, target: string): void {
  execFileSync('mount', ['-t', type, type, target]);
}
