import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { closeSync, mkdirSync, openSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { RequestError } from '../../../ts/errors/index.ts';
import { Orlop, type OrlopRuntime } from '../../../ts/index.ts';
import { busyboxArchive } from '../../support/busybox.ts';
import { storeContent } from '../../support/facts-of-life.ts';
import { withOrlop } from '../../support/orlop.ts';
import { refusal } from '../../support/refusal.ts';
import { type Requirement, requires } from '../../support/require.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

/** Enough files for the image and some containers. */
const maxFiles = 1024;

interface Kind {
  readonly name: string;
  readonly needs: readonly Requirement[];
  readonly mount: (root: string, directory: string) => void;
}

const kinds: readonly Kind[] = [
  {
    name: 'tmpfs',
    needs: [],
    mount: (root) => execFileSync('mount', ['-t', 'tmpfs', '-o', `size=32m,nr_inodes=${maxFiles}`, 'tmpfs', root]),
  },
  {
    name: 'ext4',
    needs: ['loop'],
    mount: (root, directory) => {
      const image = join(directory, 'ext4.img');
      writeFileSync(image, '');
      truncateSync(image, 32 << 20);
      execFileSync('mkfs.ext4', ['-q', '-N', `${maxFiles}`, image]);
      execFileSync('mount', ['-o', 'loop', image, root]);
    },
  },
];

for (const { name, needs, mount } of kinds) {
  describe(`a store whose file system is full (${name})`, function () {
    this.timeout(120_000);
    requires('privilege', 'addon', 'archive', 'overlay', 'busybox', ...needs);
    const fixture = withOrlop({}, mount);
    afterEach(() => makeRoom());

    const full = () => join(fixture().root, 'full');

    /** Takes all files that the file system may have. */
    function fill(): void {
      for (;;) {
        try {
          mkdirSync(join(full(), randomUUID()), { recursive: true });
        } catch {
          return;
        }
      }
    }

    const makeRoom = () => rmSync(full(), { recursive: true, force: true });
    const run = (volumes: string[] = []) => fixture().orlop.run('busybox', ['echo', 'hi'], { volumes });

    async function expectRefused(what: Promise<unknown>): Promise<void> {
      const error = await what.then(
        () => null,
        (reason: unknown) => reason,
      );
      expect(error).to.be.instanceOf(RequestError).and.to.include({ code: 'ORLOP_E_STORE' });
      expect((error as Error).message).to.include(`no space is left for the store '${fixture().root}'`);
    }

    it('refuses starts and says why, keeps nothing of them, and starts again when there is room', async () => {
      await fixture().settle();
      const before = storeContent(fixture());
      for (const close of [false, true]) {
        for (let i = 0; i < 3; i++) await run();
        // Nothing is prefetched: those starts would find the space that they need.
        if (close) await fixture().settle();
        fill();
        // These use the space of prefetched layers, until that is used up.
        await Promise.allSettled(Array.from({ length: 24 }, () => run()));
        await fixture().settle();
        fill();
        await expectRefused(run());
        await expectRefused(run(['/anonymous']));
        const many = Array.from({ length: 24 }, () => run());
        await Promise.allSettled(many);
        await expectRefused(Promise.all(many));
        await expectRefused(fixture().orlop.create('busybox', ['true'], { durable: true }));
        await fixture().settle();
        makeRoom();
        expect(storeContent(fixture())).to.deep.equal(before);
        for (let i = 0; i < 3; i++) expect((await run(['/anonymous'])).stdout).to.equal('hi\n');
      }
      await fixture().settle();
      expect(storeContent(fixture())).to.deep.equal(before);
    });

    it('refuses new images and new names, and says why', async () => {
      const { directory } = fixture();
      const archive = join(directory, 'busybox.tar');
      const saved = join(directory, 'saved.tar');
      const { id } = await fixture().orlop.create('busybox', ['true']);
      const out = openSync(saved, 'w');
      await fixture().orlop.images.save(['busybox'], { descriptor: out });
      await fixture().settle();
      const { orlop } = fixture();
      const container = await orlop.container(id);
      fill();
      await expectRefused(orlop.images.import(archive, { reference: 'other' }));
      await expectRefused(orlop.images.load(saved));
      await expectRefused(container.commit('other'));
      await expectRefused(orlop.images.tag('busybox', 'other'));
      await expectRefused(orlop.images.save(['busybox'], { descriptor: out }));
      closeSync(out);
      makeRoom();
      await container.remove();
      expect((await orlop.images.list()).items.flatMap(({ references }) => references)).to.deep.equal([
        'busybox:latest',
      ]);
    });

    it('can be opened, and containers removed, which makes room', async () => {
      await fixture().settle();
      const before = storeContent(fixture());
      const write = ['sh', '-c', 'for i in $(seq 200); do : >/data/$i; done'];
      const { id } = await fixture().orlop.create('busybox', write, { volumes: ['/data'] });
      await (await (await fixture().orlop.container(id)).start()).exited;
      fill();
      await using other = await Orlop.open(fixture());
      await expectRefused(other.run('busybox', ['true']));
      await other.containers.remove(id, { volumes: true });
      expect((await other.run('busybox', ['echo', 'room'])).stdout).to.equal('room\n');
      await other.close();
      expect(storeContent(fixture())).to.deep.equal(before);
    });
  });
}

describe('a run directory that is full', function () {
  this.timeout(120_000);
  requires('privilege', 'addon', 'archive', 'overlay', 'busybox');
  const directory = temporaryDirectory();

  it('keeps no half of a record, which would take the room of the next', async () => {
    const [root, run] = [join(directory(), 'root'), join(directory(), 'run')];
    mkdirSync(run);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m,mode=0700,nr_inodes=400', 'tmpfs', run]);
    try {
      await using orlop = await Orlop.open({ root, run });
      await orlop.images.import(busyboxArchive(directory()), { reference: 'busybox' });
      await fillRecords(orlop, run);
    } finally {
      execFileSync('umount', [run]);
    }
  });

  async function fillRecords(orlop: OrlopRuntime, run: string): Promise<void> {
    const program = () => orlop.run('busybox', ['true']);
    // From some time on each start is prefetched by the one before it, where anything is.
    for (let time = 0; time < 8; time++) await program();
    const records = () => readdirSync(join(run, 'containers'));
    const full = join(run, 'full');
    mkdirSync(full);
    for (let made = 0; ; made++) {
      try {
        writeFileSync(join(full, `${made}`), '');
      } catch {
        break;
      }
    }
    // Room for a part of a record, more of it each time.
    for (const made of ['0', '1', '2']) {
      for (const what of [
        () => program(),
        () => orlop.create('busybox', ['true'], { rm: true }),
        () => orlop.run('busybox', ['false']),
      ]) {
        expect(await refusal(what())).to.include({ code: 'ORLOP_E_STORE' });
        expect(records()).to.deep.equal([]);
      }
      rmSync(join(full, made));
    }
    rmSync(full, { recursive: true });
    expect((await program()).exitCode).to.equal(0);
    expect(records()).to.deep.equal([]);
  }
});
