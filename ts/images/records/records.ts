import { readdir, unlink, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import * as v from 'valibot';
import { RequestError } from '../../errors/index.ts';
import type { Change } from '../../native/contract.ts';
import { syncDirectory } from '../../store/durable.ts';
import { collect, readRecord, recordSchema, writeRecord } from '../../store/record.ts';
import type { Store } from '../../store/store.ts';
import { errorCode } from '../../store/system-error.ts';
import { type Digest, hexOf, isDigest, sha256 } from '../digest.ts';
import type { DamagedImage } from '../types.ts';
import { RecordCache } from './record-cache.ts';

const digest = v.custom<Digest>(isDigest, 'not a digest');
const size = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const texts = v.array(v.string());

const descriptor = v.object({ mediaType: v.string(), digest, size });

const configSchema = v.object({
  env: texts,
  entrypoint: texts,
  cmd: texts,
  workingDir: v.string(),
  user: v.string(),
  volumes: texts,
  labels: v.record(v.string(), v.string()),
  stopSignal: v.string(),
  exposedPorts: texts,
});

/** Everything a start needs of an image, in one file. */
const imageRecordSchema = recordSchema(() =>
  v.object({
    id: digest,
    manifest: descriptor,
    created: v.nullable(v.string()),
    /** Size of all uncompressed layers in bytes. */
    size,
    config: configSchema,
    /** Layers, lowest first. */
    layers: v.array(v.object({ ...descriptor.entries, diffId: digest })),
  }),
);

const tagRecordSchema = recordSchema(() => v.object({ reference: v.string(), image: digest }));

export type Descriptor = v.InferOutput<typeof descriptor>;
export type ImageRecord = v.InferOutput<ReturnType<typeof imageRecordSchema>>;
export type TagRecord = v.InferOutput<ReturnType<typeof tagRecordSchema>>;

const maxTagFiles = 256;

/** Ending of the note, beside the record of a new image, that the image may not have all of its names yet. */
const newSuffix = '.new';

/**
 * Records of images: `images/<hex>.json` for each image, `images/tags/<hash of the name>.json` for each name. One
 * rename moves a name from one image to another. A damaged record hides one image or one name.
 */
export class ImageRecords {
  readonly #images: string;
  readonly #tags: string;
  readonly #tagFiles = new Map<string, string>();
  readonly #imageCache = new RecordCache(imageRecordSchema);
  readonly #tagCache = new RecordCache(tagRecordSchema);

  constructor(store: Store) {
    this.#images = store.imagesPath;
    this.#tags = store.tagsPath;
  }

  async image(id: Digest): Promise<ImageRecord | null> {
    return this.#imageCache.read(this.#imageFile(id), `remove the image with 'orlop rmi ${id}' and add it again`);
  }

  /** @param reference name in normal form */
  async tag(reference: string): Promise<TagRecord | null> {
    const record = await this.#tagCache.read(
      this.#tagFile(reference),
      `name the image again: 'orlop images' shows its ID, 'orlop tag ID NAME' names it`,
    );
    return record?.reference === reference ? record : null;
  }

  /** Checks that a found and read image would be found again. */
  checks({ reference, id }: { readonly reference: string | null; readonly id: Digest }): Change[] {
    const image = this.#imageCache.check(this.#imageFile(id));
    return reference === null ? image : [...this.#tagCache.check(this.#tagFile(reference)), ...image];
  }

  /** IDs of all images, including those with a damaged record. */
  async ids(): Promise<Digest[]> {
    const names = await jsonNames(this.#images);
    return names.map((name) => `sha256:${name}`).filter(isDigest);
  }

  async all(): Promise<{ images: ImageRecord[]; damaged: DamagedImage[] }> {
    const { found, damaged } = await collect(await this.ids(), (id) => this.image(id as Digest));
    return {
      images: found,
      damaged: damaged.map(({ id, error }) => ({ path: this.#imageFile(id as Digest), error })),
    };
  }

  async tags(): Promise<{ tags: TagRecord[]; damaged: DamagedImage[] }> {
    const path = (name: string) => join(this.#tags, `${name}.json`);
    const { found, damaged } = await collect(await jsonNames(this.#tags), (name) =>
      readRecord(path(name), tagRecordSchema, `remove the file: it is only a name of an image`),
    );
    const tags = found.sort((a, b) => (a.reference < b.reference ? -1 : 1));
    return { tags, damaged: damaged.map(({ id, error }) => ({ path: path(id), error })) };
  }

  async write(record: ImageRecord): Promise<void> {
    await writeRecord(this.#imageFile(record.id), record, { durable: true });
  }

  /**
   * Writes the record of a new image, then makes what belongs to it: its names and the index. After a crash in between,
   * a recovery finds the note of it.
   */
  async writeNew(record: ImageRecord, makeRest: () => Promise<void>): Promise<void> {
    const note = join(this.#images, `${hexOf(record.id)}${newSuffix}`);
    // On disk with the record, because both names lie in the same directory.
    await writeFile(note, '', { mode: 0o600 });
    await this.write(record);
    await makeRest();
    await unlink(note);
  }

  async writeTag(record: TagRecord): Promise<void> {
    await writeRecord(this.#tagFile(record.reference), record, { durable: true });
  }

  async remove(id: Digest): Promise<void> {
    await removeFile(this.#images, this.#imageFile(id));
  }

  async removeTag(reference: string): Promise<void> {
    await removeFile(this.#tags, this.#tagFile(reference));
  }

  /**
   * Removes files that killed processes were writing, and their notes. The lock excludes living ones; while another process has it, the
   * next command removes them.
   *
   * @param recover is called, under the lock, for an image that `writeNew` had not finished
   */
  async sweepTemporary(store: Store, recover: (id: Digest) => Promise<void>): Promise<void> {
    const isLeft = (name: string) =>
      /^(?:[a-f0-9]{64}|index|oci-layout)(?:\.json)?\.[a-f0-9]{12}\.tmp$|^[a-f0-9]{64}\.new$/.test(name);
    for (const directory of [store.root, this.#images, this.#tags]) {
      if (!(await readdir(directory)).some(isLeft)) continue;
      await using lock = await store.tryLock('image', 'records', 'exclusive');
      if (lock === null) return;
      for (const name of (await readdir(directory)).filter(isLeft)) {
        const id = `sha256:${basename(name, newSuffix)}`;
        if (isDigest(id)) await recover(id);
        await unlink(join(directory, name));
      }
    }
  }

  #imageFile(id: Digest): string {
    return join(this.#images, `${hexOf(id)}.json`);
  }

  /** Cached, because starts use the same few names. */
  #tagFile(reference: string): string {
    const known = this.#tagFiles.get(reference);
    if (known !== undefined) return known;
    const file = join(this.#tags, `${hexOf(sha256(reference))}.json`);
    if (this.#tagFiles.size >= maxTagFiles) this.#tagFiles.clear();
    this.#tagFiles.set(reference, file);
    return file;
  }
}

/**
 * Finds the image with an ID or a prefix of an ID; null if none has it.
 *
 * @throws {RequestError} ORLOP_E_NO_IMAGE if several have it
 */
export function findById(ids: readonly Digest[], text: string): Digest | null {
  const prefix = text.startsWith('sha256:') ? text : `sha256:${text}`;
  if (!/^sha256:[a-f0-9]{1,64}$/.test(prefix)) return null;
  const found = ids.filter((id) => id.startsWith(prefix));
  if (found.length > 1) {
    throw new RequestError('ORLOP_E_NO_IMAGE', `'${text}' is the beginning of ${found.length} image IDs`, {
      hint: 'write more digits of it',
    });
  }
  return found[0] ?? null;
}

async function jsonNames(directory: string): Promise<string[]> {
  const names = await readdir(directory);
  return names
    .filter((name) => /^[a-f0-9]{64}\.json$/.test(name))
    .map((name) => name.slice(0, -'.json'.length))
    .sort();
}

async function removeFile(directory: string, path: string): Promise<void> {
  await unlink(path).catch((error: unknown) => {
    if (errorCode(error) !== 'ENOENT') throw error;
  });
  await syncDirectory(directory);
}
