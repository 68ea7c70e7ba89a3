import { once } from 'node:events';
import { expect } from 'chai';
import type { ArchiveFacts, Archiver } from '../../../ts/images/archiver.ts';
import { repack } from '../../../ts/images/repack.ts';
import { fakeNative } from '../../support/fake-native.ts';

const facts: ArchiveFacts = {
  digest: `sha256:${'a'.repeat(64)}`,
  size: 1,
  diffId: `sha256:${'a'.repeat(64)}`,
  uncompressedSize: 1,
  entries: 1,
};

/** Waits until it is aborted, as a process that is then killed. */
async function untilAborted({ signal }: { readonly signal?: AbortSignal | undefined }): Promise<never> {
  if (signal === undefined) throw new Error('no signal');
  if (!signal.aborted) await once(signal, 'abort');
  throw new Error('aborted');
}

describe('repacking a layer', () => {
  const descriptors = { upper: 3, output: 4, source: 5, directory: 6 };
  let closed: number[];
  const native = () => fakeNative({ pipe: () => [10, 11], closeSync: (fd) => closed.push(fd) });
  const failure = (archiver: Archiver, signal?: AbortSignal) =>
    repack(archiver, native(), { ...descriptors, signal }).then(
      () => 'nothing failed',
      (error: Error) => error.message,
    );

  beforeEach(() => {
    closed = [];
  });

  it('gives the facts of both, and the pipe between them', async () => {
    const archiver: Archiver = {
      pack: async ({ directory, output, growth }) => ({ ...facts, entries: [directory, output, growth].indexOf(11) }),
      unpack: async ({ directory, source, growth }) => ({ ...facts, entries: [directory, source, growth].indexOf(10) }),
    };
    const { packed, unpacked } = await repack(archiver, native(), descriptors);
    expect([packed.entries, unpacked.entries]).to.deep.equal([2, 2]);
    expect(closed).to.have.members([10, 11]);
  });

  it('tells why the packer failed, and ends the unpacker', async () => {
    const pack = () => Promise.reject(new Error('changed'));
    expect(await failure({ pack, unpack: untilAborted })).to.equal('changed');
    expect(closed).to.have.members([10, 11]);
  });

  it('tells why the packer failed, not that the archive then ends too early', async () => {
    const archiver: Archiver = {
      pack: () => Promise.reject(new Error('changed')),
      unpack: async () => {
        while (!closed.includes(11)) await Promise.resolve();
        throw new Error('too early');
      },
    };
    expect(await failure(archiver)).to.equal('changed');
  });

  it('tells why the unpacker failed, and ends the packer', async () => {
    const unpack = () => Promise.reject(new Error('no space'));
    expect(await failure({ pack: untilAborted, unpack })).to.equal('no space');
    expect(closed).to.have.members([10, 11]);
  });

  it('ends both when it is aborted', async () => {
    expect(await failure({ pack: untilAborted, unpack: untilAborted }, AbortSignal.abort())).to.equal('aborted');
  });
});
