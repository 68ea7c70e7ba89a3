import { closeSync, openSync, readSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { emptyMountPoint } from '../../ts/native/contract.ts';
import { hole } from '../../ts/plan/holes.ts';
import type { Op, Plan } from '../../ts/plan/types.ts';
import { layersOf } from '../ground/ground.ts';
import { internals } from '../ground/library.ts';
import { Watch } from '../measure/watch.ts';
import { application, type Contestant, targets } from './contestant.ts';

interface Place {
  readonly upper: string;
  readonly work: string;
}

/** Where the directories of one start lie below those of all. */
function placeBelow(scratch: string, id: string): Place {
  return { upper: join(scratch, id, 'upper'), work: join(scratch, id, 'work') };
}

/**
 * The launcher alone, with a plan of minimal mounts: the operations that the limit program makes, made by orlop's
 * executor from the JavaScript process. Directories lie ready, as those of the limit do.
 */
export const orlopLaunch: Contestant = {
  id: 'orlop-launch',
  label: 'orlop, launch of a minimal plan in the same process',
  share: 1,
  peer: false,
  supports: ({ mounts, network }) => mounts === 'minimal' && !network,
  missing: () => null,
  async open(ground, container) {
    const { loadNative, launch, prepareForm } = await internals(ground);
    const native = loadNative();
    await native.makeEmptyNamespace();
    const nothing = openSync('/dev/null', 'r+');
    const scratch = ground.scratch[container.upper];
    // Once for all starts, as the library prepares those of one request.
    const plan = minimalPlan(
      layersOf(ground, container),
      placeBelow(scratch, hole.id),
      ground.source,
      targets(container),
    );
    const form = prepareForm(native, plan, {});
    let number = 0;
    return {
      async start() {
        const id = `launch-${process.pid}-${number++}`.padEnd(64, '-');
        for (const path of Object.values(placeBelow(scratch, id))) await mkdir(path, { recursive: true });
        const [output, input] = native.pipe();
        const watch = new Watch();
        const launching = launch(native, form, { values: [id], descriptors: [nothing, input, nothing] });
        watch.returned();
        const { process: started } = await launching;
        const { code } = await native.wait(started);
        watch.ended();
        const buffer = Buffer.alloc(32);
        const sample = watch.sample(buffer.toString('latin1', 0, readSync(output, buffer)).trim());
        closeSync(output);
        closeSync(input);
        await rm(join(scratch, id), { recursive: true });
        if (code !== 0) throw new Error(`the application ended with ${code}`);
        return sample;
      },
      close: async () => closeSync(nothing),
    };
  },
};

const closed = 0x2 | 0x4 | 0x8; // nosuid, nodev, noexec
const [stdin, stdout, stderr, rootfs, proc, dev, firstVolume] = [0, 1, 2, 3, 4, 5, 6];

/** Whatever stands at the source. */
const anyIdentity = { device: 0n, inode: 0n, type: 0 };

function minimalPlan(layers: readonly string[], place: Place, source: string, volumes: readonly string[]): Plan {
  const reason = 'benchmark';
  const { upper, work } = place;
  const root = emptyMountPoint;
  const slot = (index: number) => firstVolume + index;
  return {
    strategy: 'opener',
    namespaces: ['mount', 'pid', 'ipc', 'uts'],
    supplied: ['stdin', 'stdout', 'stderr'],
    slots: firstVolume + volumes.length,
    prepare: [
      { op: 'overlay', reason, mount: rootfs, layers, upper, work, at: root, options: 1, attributes: 0 },
      ...volumes.map(
        (_, index): Op => ({ op: 'bind', reason, mount: slot(index), source, recursive: 1, ...anyIdentity }),
      ),
      ...deviceTree(reason),
    ],
    enter: [
      { op: 'proc', reason, mount: proc, attributes: closed },
      { op: 'root', reason, mount: rootfs, at: root },
      ...volumes.map((target, index): Op => ({ op: 'attach', reason, mount: slot(index), target, kind: 0, create: 0 })),
      { op: 'attach', reason, mount: proc, target: '/proc', kind: 0, create: 0 },
      { op: 'attach', reason, mount: dev, target: '/dev', kind: 0, create: 0 },
      { op: 'hostname', reason, name: 'container', optional: 0 },
      { op: 'pivot', reason },
      { op: 'stdio', reason, in: stdin, out: stdout, err: stderr, scratch: null },
      // Not for the limit's sake, but the application must not get the descriptors and signals of a JavaScript process.
      { op: 'signals', reason },
      { op: 'close-fds', reason },
      { op: 'exec', reason, candidates: [application], argv: [application], env: ['PATH=/bin'] },
    ],
  };
}

function deviceTree(reason: string): Op[] {
  const devices = [
    ['null', 1, 3],
    ['zero', 1, 5],
    ['full', 1, 7],
    ['random', 1, 8],
    ['urandom', 1, 9],
    ['tty', 5, 0],
  ] as const;
  const links = [
    ['fd', '/proc/self/fd'],
    ['stdin', '/proc/self/fd/0'],
    ['stdout', '/proc/self/fd/1'],
    ['stderr', '/proc/self/fd/2'],
    ['ptmx', 'pts/ptmx'],
  ] as const;
  const size = 64n << 20n;
  const attributes = 0x2 | 0x20; // nosuid, strictatime
  return [
    { op: 'tmpfs', reason, mount: dev, mode: 0o755, size, inodes: 0n, uid: 0, gid: 0, attributes, at: '' },
    ...devices.map(
      ([name, major, minor]): Op => ({
        op: 'device',
        reason,
        mount: dev,
        name,
        mode: 0o666,
        uid: 0,
        gid: 0,
        major,
        minor,
      }),
    ),
    ...links.map(([name, content]): Op => ({ op: 'symlink', reason, mount: dev, name, content })),
    ...['pts', 'shm', 'mqueue'].map(
      (name): Op => ({ op: 'directory', reason, mount: dev, name, mode: 0o755, uid: 0, gid: 0, directory: null }),
    ),
  ];
}
