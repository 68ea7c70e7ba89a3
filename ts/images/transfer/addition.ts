import { chmod, type FileHandle, mkdir, open, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { RequestError } from '../../errors/index.ts';
import { type Marks, marksOf } from '../../native/rights.ts';
import { sync, syncDirectory } from '../../store/durable.ts';
import { newId } from '../../store/id.ts';
import type { Lock } from '../../store/lock.ts';
import { type Staging, syncTree } from '../../store/staging.ts';
import type { Store } from '../../store/store.ts';
import { errorCode } from '../../store/system-error.ts';
import type { ArchiveSums, OnBytes, PackOptions } from '../archive/index.ts';
import { chainIds, type Digest, hexOf, sha256 } from '../digest.ts';
import { type LayerRecord, readLayer, writeLayer } from '../layers/layers.ts';
import { readingOwners, writingOwners } from '../layers/owners.ts';
import type { Descriptor } from '../records/records.ts';
import type { Archiver } from './archiver.ts';
import { mediaTypes } from './documents.ts';

export interface LayerSource {
  /** Descriptor of the layer's archive. */
  readonly source: number;
  /** Diff IDs of the lower layers, lowest first. */
  readonly below: readonly string[];
  /** True for a tar of an image layer, false for an import. */
  readonly layer: boolean;
  /** Expected digests of the archive; an archive with others is refused. */
  readonly diffId?: string | undefined;
  readonly blob?: { readonly digest: string; readonly size: number } | undefined;
  /** True if the archive already is a blob of the store. */
  readonly stored?: boolean | undefined;
  readonly onBytes?: OnBytes | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Content that is being added: blobs and layers in staging directories, published together. After a crash, either all
 * content of a record exists, or the record does not. An open addition blocks sweeps, so that content found in the
 * store still exists when the record is written.
 */
export class Addition {
  readonly #store: Store;
  readonly #archiver: Archiver;
  readonly #hold: Lock;
  readonly #blobs: Staging;
  readonly #staged = new Set<Digest>();
  readonly #layers = new Map<Digest, { staging: Staging; record: LayerRecord }>();

  private constructor(store: Store, archiver: Archiver, hold: Lock, blobs: Staging) {
    this.#store = store;
    this.#archiver = archiver;
    this.#hold = hold;
    this.#blobs = blobs;
  }

  static async begin(store: Store, archiver: Archiver, signal?: AbortSignal): Promise<Addition> {
    const hold = await store.lock('image', 'content', 'shared', { signal });
    try {
      return new Addition(store, archiver, hold, await store.stage());
    } catch (error) {
      await hold.release();
      throw error;
    }
  }

  /** Adds a document. */
  async blob(content: string | Uint8Array, mediaType: string): Promise<Descriptor> {
    const bytes = typeof content === 'string' ? Buffer.from(content) : content;
    const digest = sha256(bytes);
    const file = await open(this.#blobFile(digest), 'w', 0o600);
    try {
      await file.writeFile(bytes);
      await file.chmod(0o644);
    } finally {
      await file.close();
    }
    this.#staged.add(digest);
    return { mediaType, digest, size: bytes.length };
  }

  /**
   * Adds a layer: unpacks it, keeps its archive as a blob, and checks both digests.
   *
   * @throws {RequestError} ORLOP_E_ARCHIVE
   */
  async layer(from: LayerSource): Promise<LayerRecord> {
    const present = await this.#present(from);
    if (present !== null) return present;
    const staging = await this.#store.stage();
    try {
      const archive = from.stored ? null : this.#scratch();
      const facts = await this.#unpack(from, join(staging.path, 'diff'), archive);
      check('the digest of the layer', facts.digest, from.blob?.digest);
      check('the size of the layer', facts.size, from.blob?.size);
      check('the diff ID of the layer', facts.diffId, from.diffId);
      const path = archive === null ? this.#store.blobPath(hexOf(facts.digest)) : await this.#stage(archive, facts);
      const record = recordOf(from.below, facts, await layerType(path));
      await this.#keep(staging, record);
      return record;
    } catch (error) {
      await staging.discard();
      throw error;
    }
  }

  /**
   * Packs a read-write layer, and adds only the archive. The first container that needs the layer unpacks it
   * (`ensureLayers`), so its content is the archive's, as on every machine that loads the image.
   *
   * @param upper descriptor of the upper directory
   * @param below diff IDs of the lower layers, lowest first
   * @throws {RequestError} ORLOP_E_ARCHIVE
   */
  async packed(
    upper: number,
    below: readonly string[],
    options: Pick<PackOptions, 'onBytes' | 'signal'> & { readonly marks: Marks },
  ): Promise<LayerRecord> {
    const archive = this.#scratch();
    await using file = await opened(archive, 'wx');
    const output = file.file.fd;
    const { marks: layer, ...rest } = options;
    const packing = { directory: upper, output, layer, compression: 'none', ...rest } as const;
    const facts = await readingOwners(this.#directories(below), (owners) =>
      this.#archiver.pack({ ...packing, owners }),
    );
    await this.#stage(archive, facts);
    return recordOf(below, facts, mediaTypes.layer);
  }

  /** Moves all content into its place. Then a record may refer to it. */
  async publish(): Promise<void> {
    await this.#sync();
    for (const [chainId, { staging, record }] of this.#layers) {
      const place = this.#store.layerPath(hexOf(chainId));
      const isNew = await staging.commit(place, { durable: false });
      // The same layer exists, but its record may be damaged, or name a missing blob.
      if (!isNew) await writeLayer(place, record);
    }
    this.#layers.clear();
    for (const digest of this.#staged) await rename(this.#blobFile(digest), this.#store.blobPath(hexOf(digest)));
    this.#staged.clear();
    await syncDirectory(this.#store.layersPath);
    await syncDirectory(join(this.#store.blobsPath, 'sha256'));
  }

  async #sync(): Promise<void> {
    const { native } = this.#store;
    // One sync for all: a layer has many files, and blobs and layers lie on one file system.
    if (this.#layers.size > 0) return await syncTree(native, this.#blobs.path);
    // Without a layer, sync only these files: syncfs would also write the data of other processes.
    for (const digest of this.#staged) await syncFile(this.#blobFile(digest));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      for (const { staging } of this.#layers.values()) await staging.discard();
      await this.#blobs.discard();
    } finally {
      await this.#hold.release();
    }
  }

  /** Record of the layer if it is unpacked and has the expected blob, so that the archive need not be read. */
  async #present({ below, diffId, blob }: LayerSource): Promise<LayerRecord | null> {
    const chainId = diffId === undefined ? undefined : chainIds([...below, diffId]).at(-1);
    if (chainId === undefined) return null;
    const record = this.#layers.get(chainId)?.record ?? (await readLayer(this.#store, chainId).catch(() => null));
    if (record === null || (blob !== undefined && blob.digest !== record.blob.digest)) return null;
    return this.#staged.has(record.blob.digest) || (await this.#hasBlob(record.blob)) ? record : null;
  }

  async #hasBlob({ digest, size }: Descriptor): Promise<boolean> {
    try {
      return (await stat(this.#store.blobPath(hexOf(digest)))).size === size;
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return false;
      throw error;
    }
  }

  async #unpack({ source, below, layer, onBytes, signal }: LayerSource, diff: string, archive: string | null) {
    await mkdir(diff);
    // Of the lowest layer without an entry for its root; others get that of the layers below.
    await chmod(diff, 0o755);
    await using directory = await opened(diff, 'r');
    await using copy = archive === null ? null : await opened(archive, 'wx');
    const copyTo = copy?.file.fd;
    const { native } = this.#store;
    const view =
      below.length === 0
        ? undefined
        : await native.openView(this.#directories(below).reverse(), marksOf(native.rights));
    try {
      const options = { source, directory: directory.file.fd, below: view, copyTo, layer, onBytes, signal };
      if (native.rights.userNamespace === null) return await this.#archiver.unpack(options);
      return await writingOwners(diff, (owners) => this.#archiver.unpack({ ...options, owners }));
    } finally {
      if (view !== undefined) await native.close(view);
    }
  }

  /** Directories of layers, staged or in the store, lowest first. */
  #directories(diffIds: readonly string[]): string[] {
    return chainIds(diffIds).map((chainId) => {
      const staged = this.#layers.get(chainId)?.staging.path;
      return staged === undefined ? this.#store.diffPath(hexOf(chainId)) : join(staged, 'diff');
    });
  }

  async #keep(staging: Staging, record: LayerRecord): Promise<void> {
    await writeLayer(staging.path, record);
    if (this.#layers.has(record.chainId)) await staging.discard();
    else this.#layers.set(record.chainId, { staging, record });
  }

  /** Moves an archive to the staged blobs. */
  async #stage(archive: string, { digest }: ArchiveSums): Promise<string> {
    await chmod(archive, 0o644);
    await rename(archive, this.#blobFile(digest));
    this.#staged.add(digest);
    return this.#blobFile(digest);
  }

  /** Temporary path for an archive of unknown digest. */
  #scratch(): string {
    return join(this.#blobs.path, newId());
  }

  #blobFile(digest: Digest): string {
    return join(this.#blobs.path, hexOf(digest));
  }
}

function recordOf(below: readonly string[], facts: ArchiveSums, mediaType: string): LayerRecord {
  const { diffId, digest, size, uncompressedSize } = facts;
  const chainId = chainIds([...below, diffId]).at(-1) ?? diffId;
  return { chainId, diffId, blob: { mediaType, digest, size }, size: uncompressedSize };
}

function check<T>(what: string, found: T, said: T | undefined): void {
  if (said === undefined || said === found) return;
  throw new RequestError('ORLOP_E_ARCHIVE', `${what} is ${found}, not ${said} as the image says`, {
    hint: 'the archive is damaged or was changed; get it again from where it comes from',
  });
}

async function syncFile(path: string): Promise<void> {
  await using file = await opened(path, 'r');
  await sync(file.file);
}

/** Opens a file that is closed at the end of the block: FileHandle of Node 20 has no reliable asynchronous disposal. */
async function opened(path: string, flags: string): Promise<{ file: FileHandle } & AsyncDisposable> {
  const file = await open(path, flags, 0o600);
  return { file, [Symbol.asyncDispose]: () => file.close() };
}

/** Media type by the first bytes of the archive, because a declared type may be wrong. */
async function layerType(path: string): Promise<string> {
  await using blob = await opened(path, 'r');
  const { buffer } = await blob.file.read(Buffer.alloc(4), 0, 4, 0);
  if (buffer.readUInt32LE() === 0xfd2fb528) return mediaTypes.layerZstd;
  return buffer.readUInt16BE() === 0x1f8b ? mediaTypes.layerGzip : mediaTypes.layer;
}
