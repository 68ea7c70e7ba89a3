import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { debianArchive } from '../../test/support/debian.ts';
import type { Container, OrlopRuntime } from '../../ts/index.ts';
import type { Ground } from '../ground/ground.ts';
import { openStore } from '../ground/library.ts';
import { LineProcess } from '../measure/line-process.ts';
import type { Entry } from '../measure/measure.ts';
import { now } from '../measure/watch.ts';
import type { Prepared, Question } from './question.ts';

const image = 'bench:debian';

/** 1,000 files get a line more, 500 are deleted. */
const change = `find /usr/share /usr/lib -xdev -type f | sort | head -1500 > /tmp/list
head -1000 /tmp/list | while read -r file; do echo x >> "$file"; done
tail -500 /tmp/list | while read -r file; do rm -f "$file"; done
rm -f /tmp/list`;

/** What work on layers costs, beside the plainest tools that do as much. */
export const layers: Question = {
  id: 'layers',
  title: 'How long does work on layers take?',
  cases: [
    {
      id: 'import',
      title: 'import a Debian root filesystem (an archive of 220 MB); floor: tar extracts it, and a sync',
    },
    {
      id: 'commit',
      title: 'commit 1,000 changed and 500 deleted files; floor: tar of the upper directory | sha256sum',
    },
    {
      id: 'use',
      title:
        'commit the same and create a container of it, which unpacks the layer; floor: pipe, tar extracts, and a sync',
    },
    { id: 'diff', title: 'diff of the same; floor: a walk of the upper directory' },
  ],
  columns: [{ metric: 'time', title: 'time', unit: 'ms' }],
  reference: 'floor',
  effort: { whole: { rounds: 10, warmUp: 1 }, quick: { rounds: 3, warmUp: 1 } },
  async prepare({ root: ground }) {
    let archive: string;
    try {
      archive = debianArchive();
    } catch {
      return nobody('no Debian root filesystem could be made (debootstrap)');
    }
    return prepareLayers(ground, archive);
  },
};

function nobody(missing: string): Prepared {
  const rows = layers.cases.map(({ id }) => ({ case: id, contestant: 'orlop', label: 'orlop', missing }));
  return { entries: [], missing: rows, close: async () => {} };
}

async function prepareLayers(ground: Ground, archive: string): Promise<Prepared> {
  // Of this repetition: the next one finds nothing of it.
  const directory = mkdtempSync(join(ground.directory, 'layers-'));
  const root = join(directory, 'debian');
  const orlop = await openStore(ground, root);
  // A store of its own: a layer that exists would not be written again.
  const empty = await openStore(ground, join(directory, 'empty'));
  await orlop.images.import(archive, { reference: image });
  const container = await changedContainer(orlop);
  const upper = join(root, 'layers', container.id, 'diff');
  const stopwatch = new LineProcess([ground.programs.stopwatch]);
  const shell = async (script: string) => {
    const [nanoseconds, status] = (await stopwatch.ask(['sh', '-c', script].join('\x1f'))).split(' ');
    if (status !== '0') throw new Error(`'${script}' ended with ${status}: ${stopwatch.messages}`);
    return { time: Number(nanoseconds) / 1e6 };
  };
  const extractIn = topDirectory(directory);
  let extractions = 0;
  // A new name each time: by its name ext4 chooses the part of the disk.
  const extract = async (script: (to: string) => string) => {
    const to = join(extractIn, String(++extractions));
    mkdirSync(to);
    const sample = await shell(script(to));
    rmSync(to, { recursive: true });
    return sample;
  };
  const packed = join(directory, 'packed.tar');
  return {
    entries: [
      floor('import', 'tar -x; sync', 0.2, () => extract((to) => `tar -xf ${archive} -C ${to} && sync -f ${to}`)),
      ours('import', 'orlop import', 0.2, () => timeImport(empty, archive)),
      floor('commit', 'tar | sha256sum', 1, () => shell(`tar -C ${upper} -cf - . | sha256sum`)),
      ours('commit', 'orlop commit', 1, () => timeCommit(orlop, container)),
      floor('use', 'tar | tee | sha256sum; tar -x; sync', 0.4, () =>
        extract(
          (to) => `tar -C ${upper} -cf - . | tee ${packed} | sha256sum && tar -xf ${packed} -C ${to} && sync -f ${to}`,
        ),
      ),
      ours('use', 'orlop commit, create', 0.4, () => timeUse(orlop, container)),
      floor('diff', 'find -ls', 1, () => shell(`find ${upper} -ls`)),
      ours('diff', 'orlop diff', 1, () => timeDiff(container)),
    ],
    missing: [],
    async close() {
      await stopwatch.close();
      for (const one of [orlop, empty]) await one.close();
      rmSync(directory, { recursive: true });
    },
  };
}

/**
 * Where tar extracts. Orlop's staging has the same attribute: without it each round would look on ext4 for inodes among
 * those that the last one has removed, and the floor would be no floor.
 */
function topDirectory(directory: string): string {
  const path = join(directory, 'extract');
  mkdirSync(path);
  // Other file systems have no such attribute.
  spawnSync('chattr', ['+T', path], { stdio: 'ignore' });
  return path;
}

async function changedContainer(orlop: OrlopRuntime): Promise<Container> {
  const container = await orlop.create(image, ['sh', '-c', change], { network: 'host' });
  const running = await container.start({ stdout: 'ignore', stderr: 'inherit' });
  const { exitCode } = await running.exited;
  if (exitCode !== 0) throw new Error(`the change of the files ended with ${exitCode}`);
  return container;
}

function ours(id: string, label: string, share: number, sample: Entry['sample']): Entry {
  return { case: id, contestant: 'orlop', label, share, mayFail: false, sample };
}

function floor(id: string, label: string, share: number, sample: Entry['sample']): Entry {
  return { case: id, contestant: 'floor', label: `floor: ${label}`, share, mayFail: false, sample };
}

async function timeImport(orlop: OrlopRuntime, archive: string) {
  const called = now();
  const { id } = await orlop.images.import(archive, { reference: null });
  const time = now() - called;
  await orlop.images.remove(id);
  return { time };
}

async function timeCommit(orlop: OrlopRuntime, container: Container) {
  const called = now();
  const { id } = await container.commit(null);
  const time = now() - called;
  await orlop.images.remove(id);
  return { time };
}

/** What `commit` leaves to the first container: its layer. */
async function timeUse(orlop: OrlopRuntime, container: Container) {
  const called = now();
  const { id } = await container.commit(null);
  const user = await orlop.create(id, ['true'], { network: 'host' });
  const time = now() - called;
  await user.remove();
  await orlop.images.remove(id);
  return { time };
}

async function timeDiff(container: Container) {
  const called = now();
  await container.diff();
  return { time: now() - called };
}
