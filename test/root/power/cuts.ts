import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { expect } from 'chai';
import { type Requirement, requires } from '../../support/require.ts';
import { DiskContent, RecordedDisk, type Recording } from './disk.ts';
import { inspect, type Objects } from './inspect.ts';
import { type Archives, command, makeArchives, makeStore, operations } from './store.ts';

/** A file system during whose work the power is cut. */
export interface FileSystem {
  readonly needs: readonly Requirement[];
  /** Size in bytes. */
  readonly size: number;
  /** Command that makes it in a file. */
  readonly make: readonly string[];
  /** Mount options during an operation. */
  readonly options: string;
}

/** Makes ext4. What it would initialize later would be written in the middle of an operation. */
export const makeExt4 = ['mkfs.ext4', '-q', '-b', '4096', '-E', 'lazy_itable_init=0,lazy_journal_init=0'] as const;

/** Most cuts of one operation, evenly chosen. */
const maxCuts = Number(process.env.ORLOP_POWER_CUTS ?? '60');

interface RecordedOperation extends Recording {
  /** Number of writes before the command. */
  readonly begun: number;
  /** Number of writes when the command had ended with exit code 0. */
  readonly acknowledged: number;
}

/**
 * Declares a test for each operation, which cuts the power after each flush of the disk's cache. An object of the store
 * must be as before the operation or as after it; once the operation is acknowledged, as after it.
 *
 * The operation is executed once, on a disk that records what is written to it. A cut leaves the first of these writes.
 */
export function cutsThePower({ needs, size, make, options }: FileSystem): void {
  requires('root', 'addon', 'archive', 'cli', 'overlay', 'busybox', 'loop', 'fuse', ...needs);
  let directory = '';
  let archives: Archives;
  let image: Uint8Array;

  before(async function () {
    this.timeout(300_000);
    directory = mkdtempSync('/var/tmp/orlop-test-');
    // In memory, so that copies of disks are fast.
    execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', directory]);
    archives = await makeArchives(directory);
    const file = join(directory, 'image');
    writeFileSync(file, '');
    truncateSync(file, size);
    const [program = '', ...args] = make;
    execFileSync(program, [...args, file]);
    await mounted(file, 'loop', (root) => makeStore(root, archives));
    image = readFileSync(file);
    rmSync(file);
  });
  after(() => {
    if (directory === '') return;
    execFileSync('umount', [directory]);
    rmSync(directory, { recursive: true });
  });

  async function mounted<T>(file: string, how: string, use: (root: string) => Promise<T>): Promise<T> {
    const place = join(directory, 'mounted');
    mkdirSync(place, { recursive: true });
    execFileSync('mount', ['-o', how, file, place]);
    try {
      return await use(join(place, 'root'));
    } finally {
      execFileSync('umount', [place]);
    }
  }

  async function record(args: readonly string[]): Promise<RecordedOperation> {
    const disk = await RecordedDisk.attach(join(directory, 'disk'), image);
    let recording: Recording | undefined;
    let [begun, acknowledged] = [0, 0];
    try {
      await mounted(disk.path, `loop,${options}`, async (root) => {
        begun = disk.written;
        await command(root, args);
        acknowledged = disk.written;
      });
    } finally {
      recording = await disk.detach();
    }
    return { ...recording, begun, acknowledged };
  }

  /** Objects of the store on a disk with that content, as after a boot. */
  async function objectsOn(disk: DiskContent): Promise<Objects> {
    const file = join(directory, 'cut');
    disk.save(file);
    try {
      return await mounted(file, 'loop', (root) => inspect(root, directory));
    } finally {
      rmSync(file);
    }
  }

  for (const [name, operation] of Object.entries(operations)) {
    it(`loses nothing, and leaves no half, during ${name}`, async function () {
      this.timeout(900_000);
      const { writes, flushes, begun, acknowledged } = await record(operation(archives));
      const steps = new Set(flushes.filter((at) => at > begun && at < acknowledged));
      const disk = new DiskContent(image, writes);
      const old = await objectsOn(disk);
      const cuts: { at: number; found: Objects | Error }[] = [];
      for (const at of [...evenly([...steps], maxCuts), acknowledged]) {
        disk.advance(at);
        cuts.push({ at, found: await objectsOn(disk).catch((error: Error) => error) });
      }
      disk.advance(writes.length);
      const now = await objectsOn(disk);
      expect(now, 'what the operation does').not.to.deep.equal(old);

      const wrong = cuts.flatMap(({ at, found }) => {
        const allowed = at < acknowledged ? [old, now] : [now];
        const what = found instanceof Error ? [found.message] : differences(found, allowed);
        return what.map((text) => `after write ${at} of ${acknowledged}: ${text}`);
      });
      expect(wrong).to.deep.equal([]);
    });
  }
}

/** Objects that are as in none of the stores. */
function differences(found: Objects, stores: readonly Objects[]): string[] {
  const names = new Set([found, ...stores].flatMap((store) => Object.keys(store)));
  return [...names]
    .filter((name) => !stores.some((store) => isDeepStrictEqual(found[name], store[name])))
    .map((name) => `${name} is ${JSON.stringify(found[name])}`);
}

/** At most `most` elements of a list, evenly chosen. */
function evenly<T>(list: readonly T[], most: number): T[] {
  const step = Math.max(1, list.length / most);
  return list.filter((_, index) => Math.floor(index / step) !== Math.floor((index - 1) / step));
}
