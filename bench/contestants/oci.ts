import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { defaultCapabilities, defaultReadonlyPaths } from '../../ts/plan/defaults.ts';
import { type Caller, type Ground, layersOf } from '../ground/ground.ts';
import { application, type Container, targets } from './contestant.ts';

const closed = ['nosuid', 'noexec', 'nodev'];

/** config.json of the container, runtime-spec. Without a filter: it would cost these runtimes milliseconds. Pure. */
export function ociConfig({ source, caller }: Pick<Ground, 'source' | 'caller'>, container: Container): object {
  const namespaces = ['pid', 'ipc', 'uts', 'mount', ...(container.network ? ['network'] : [])];
  const full = container.mounts === 'full';
  return {
    ociVersion: '1.0.2',
    process: {
      terminal: false,
      user: { uid: 0, gid: 0 },
      args: [application],
      env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'],
      cwd: '/',
      capabilities: {
        bounding: defaultCapabilities,
        effective: defaultCapabilities,
        permitted: defaultCapabilities,
      },
      rlimits: [{ type: 'RLIMIT_NOFILE', soft: 1024, hard: 1024 }],
      noNewPrivileges: true,
    },
    root: { path: 'rootfs', readonly: false },
    hostname: 'container',
    mounts: [
      { destination: '/proc', type: 'proc', source: 'proc', options: closed },
      { destination: '/dev', type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'strictatime', 'mode=755'] },
      ...(full ? fullMounts(caller) : []),
      ...targets(container).map((destination) => ({ destination, type: 'bind', source, options: ['rbind', 'rw'] })),
    ],
    linux: { namespaces: namespaces.map((type) => ({ type })), ...(full ? paths : {}) },
  };
}

const fullMounts = (caller: Caller) => [
  {
    destination: '/dev/pts',
    type: 'devpts',
    source: 'devpts',
    options: [
      ...['nosuid', 'noexec', 'newinstance', 'ptmxmode=0666', 'mode=0620'],
      // with-overlay maps one group.
      ...(caller === 'root' ? ['gid=5'] : []),
    ],
  },
  { destination: '/dev/shm', type: 'tmpfs', source: 'shm', options: [...closed, 'mode=1777', 'size=65536k'] },
  { destination: '/dev/mqueue', type: 'mqueue', source: 'mqueue', options: closed },
  { destination: '/sys', type: 'sysfs', source: 'sysfs', options: [...closed, 'ro'] },
];

const paths = {
  maskedPaths: [
    '/proc/acpi',
    '/proc/asound',
    '/proc/interrupts',
    '/proc/kcore',
    '/proc/keys',
    '/proc/latency_stats',
    '/proc/sched_debug',
    '/proc/scsi',
    '/proc/timer_list',
    '/proc/timer_stats',
    '/sys/firmware',
  ],
  readonlyPaths: defaultReadonlyPaths,
};

let bundles = 0;

/** The command that runs an OCI runtime on a bundle whose root filesystem is an overlay, and cleans up after it. */
export function onOverlay(ground: Ground, container: Container, runtime: readonly string[]): string[] {
  const config = join(ground.directory, `config-${process.pid}-${bundles++}.json`);
  writeFileSync(config, JSON.stringify(ociConfig(ground, container)));
  const scratch = ground.scratch[container.upper];
  mkdirSync(scratch, { recursive: true });
  return [ground.programs.withOverlay, scratch, config, layersOf(ground, container).join(':'), ...runtime];
}
