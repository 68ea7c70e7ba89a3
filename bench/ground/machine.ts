import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, release, totalmem } from 'node:os';
import { versionOf } from '../contestants/command.ts';

/** What a reader must know to compare numbers. */
export interface Machine {
  readonly kernel: string;
  readonly cpu: string;
  readonly cpus: number;
  readonly memoryGiB: number;
  readonly node: string;
  /** Of the benchmark's mount namespace before the run. */
  readonly mounts: number;
  /** File system below /var/tmp. */
  readonly disk: string;
  readonly cgroups: 'v1' | 'v2' | 'hybrid';
  readonly hugePages: string;
  /** It makes Node parse a bundle of certificates at each start; the benchmark unsets it. */
  readonly nodeExtraCaCerts: 'unset' | 'set';
  /** By program; those that are not there are left out. */
  readonly versions: Readonly<Record<string, string>>;
}

export function machineFacts(): Machine {
  const mounts = read('/proc/self/mounts').trim().split('\n');
  return {
    kernel: release(),
    cpu: cpus()[0]?.model ?? 'unknown',
    cpus: availableParallelism(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    mounts: mounts.length,
    disk: typeOfMount(mounts, '/var/tmp/'),
    cgroups: cgroupVersions(mounts),
    hugePages: /\[(\w+)\]/.exec(read('/sys/kernel/mm/transparent_hugepage/enabled'))?.[1] ?? 'unknown',
    nodeExtraCaCerts: process.env.NODE_EXTRA_CA_CERTS === undefined ? 'unset' : 'set',
    versions: Object.fromEntries(
      ['bwrap', 'crun', 'runc', 'podman', 'docker'].flatMap((program) => {
        const version = versionOf(program);
        return version === null ? [] : [[program, version]];
      }),
    ),
  };
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/** Type of the file system that a path lies on, by the longest mount point before it. Pure; proc_mounts(5). */
export function typeOfMount(mounts: readonly string[], path: string): string {
  const fields = mounts.map((line) => line.split(' '));
  const above = fields.filter(([, point = '']) => path.startsWith(point === '/' ? '/' : `${point}/`));
  const nearest = above.reduce<readonly string[]>(
    (best, mount) => ((mount[1] ?? '').length >= (best[1] ?? '').length ? mount : best),
    [],
  );
  return nearest[2] ?? 'unknown';
}

/** Which versions of cgroups are mounted. Pure. */
export function cgroupVersions(mounts: readonly string[]): Machine['cgroups'] {
  const types = mounts.map((line) => line.split(' ')[2]);
  if (!types.includes('cgroup')) return 'v2';
  return types.includes('cgroup2') ? 'hybrid' : 'v1';
}
