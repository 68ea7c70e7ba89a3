import type { Change } from '../native/contract.ts';
import type { Store } from '../store/store.ts';
import { type Archiver, archiveProcess } from './archiver.ts';
import { commitLayer } from './commit.ts';
import type { Context } from './context.ts';
import { chainIds, type Digest, hexOf, isDigest } from './digest.ts';
import { ensureLayers } from './ensure-layers.ts';
import { findImage, plainName, readImage } from './find.ts';
import { resolveHost } from './host.ts';
import { importImage } from './import.ts';
import { writeIndex } from './index-json.ts';
import { inspectImage } from './inspect.ts';
import { loadImages } from './load.ts';
import { ensureMountPointLayer } from './mount-points.ts';
import { type ImageRecord, ImageRecords } from './records.ts';
import { formatReference, hostImage, parseOwnReference } from './reference.ts';
import { removeImage } from './remove.ts';
import { saveImages } from './save.ts';
import { familiar, summary } from './summary.ts';
import type * as t from './types.ts';

type LayersOfRecord = Pick<t.ResolvedImage, 'diffIds' | 'chainId' | 'layers' | 'generation'>;

/**
 * The images of a store. Locks: `image records` shared while an image is being used and exclusive for the moment in
 * which records change; `image content` shared while blobs and layers are added or read, exclusive to sweep them. Who
 * needs both takes `content` first.
 */
export class Images implements t.ImageStore {
  readonly #context: Context;
  readonly #layers = new WeakMap<ImageRecord, LayersOfRecord>();
  /** The last of each: the same object for the same image, so that others may remember what they know of it. */
  readonly #resolved = new WeakMap<ImageRecord, t.ResolvedImage>();
  readonly #ensuring = new Map<Digest, Promise<void>>();
  #generations = 0;
  #mountPoints: Promise<string> | null = null;

  constructor(store: Store, archiver: Archiver = archiveProcess) {
    this.#context = { store, archiver, records: new ImageRecords(store) };
  }

  async hold({ signal }: { readonly signal?: AbortSignal | undefined } = {}): Promise<t.ImageHold> {
    return this.#context.store.lock('image', 'records', 'shared', { signal });
  }

  unchanged(nameOrId: string, { id, generation }: t.ResolvedImage): readonly Change[] | null {
    if (id === 'host') return null;
    const name = isDigest(nameOrId) ? null : plainName(nameOrId);
    if (name === null && nameOrId !== id) return null;
    const { store, records } = this.#context;
    const known = records.known(id);
    // The same image may have been brought again since this one was resolved: its layers are others by now.
    if (known === null || this.#layers.get(known)?.generation !== generation) return null;
    const evidence = records.evidence(name, id);
    return evidence === null ? null : [['share', store.lockFile('image', 'records')], ...evidence];
  }

  async resolve(nameOrId: string): Promise<t.ResolvedImage> {
    const { store, records } = this.#context;
    if (nameOrId === hostImage) return resolveHost(store);
    const found = await findImage(records, nameOrId);
    const record = await readImage(records, found, nameOrId);
    const layers = this.#layers.get(record) ?? (await this.#prepare(record));
    const reference = found.reference === null ? nameOrId : familiar(found.reference);
    const last = this.#resolved.get(record);
    if (last?.reference === reference && last.generation === layers.generation) return last;
    const resolved: t.ResolvedImage = {
      id: record.id,
      reference,
      config: record.config,
      ...layers,
      layers: [...layers.layers, await this.#mountPointLayer()],
      hidden: [],
    };
    this.#resolved.set(record, resolved);
    return resolved;
  }

  /** Once for a record: chain IDs are sums, and a layer of an image does not go while the image is there. */
  async #prepare(record: ImageRecord): Promise<LayersOfRecord> {
    const { id } = record;
    const ensuring = this.#ensuring.get(id) ?? ensureLayers(this.#context, record);
    this.#ensuring.set(id, ensuring);
    // Whoever starts many containers at once from a new image waits for one unpacking, not for as many.
    await ensuring.finally(() => this.#ensuring.delete(id));
    const diffIds = record.layers.map((layer) => layer.diffId);
    const chain = chainIds(diffIds);
    const layers = chain.map((id) => this.#context.store.diffPath(hexOf(id))).reverse();
    const made = { diffIds, chainId: chain.at(-1) ?? null, layers, generation: ++this.#generations };
    this.#layers.set(record, made);
    return made;
  }

  async list(): Promise<t.ImageList> {
    const { records } = this.#context;
    const { images, damaged } = await records.all();
    const { tags, damaged: damagedTags } = await records.tags();
    const summaries = images.map((image) => summary(image, tags));
    summaries.sort((a, b) => (b.created ?? '').localeCompare(a.created ?? '') || a.id.localeCompare(b.id));
    return { images: summaries, damaged: [...damaged, ...damagedTags] };
  }

  inspect(nameOrId: string): Promise<t.ImageDetails> {
    return inspectImage(this.#context, nameOrId);
  }

  import(options: t.ImportOptions): Promise<t.ImageId> {
    return importImage(this.#context, options);
  }

  commit(options: t.CommitOptions): Promise<t.ImageId> {
    return commitLayer(this.#context, options);
  }

  async tag(nameOrId: string, reference: string): Promise<void> {
    const { store, records } = this.#context;
    const name = formatReference(parseOwnReference(reference));
    const lock = await store.lock('image', 'records', 'exclusive');
    try {
      const { id } = await findImage(records, nameOrId);
      await records.writeTag({ reference: name, image: id });
      await writeIndex(store, records);
    } finally {
      await lock.release();
    }
  }

  remove(nameOrId: string, options: t.RemoveOptions): Promise<t.RemovedImage> {
    return removeImage(this.#context, nameOrId, options);
  }

  save(options: t.SaveOptions): Promise<void> {
    return saveImages(this.#context, options);
  }

  load(options: t.LoadOptions): Promise<readonly t.LoadedImage[]> {
    return loadImages(this.#context, options);
  }

  /** Looked at once in the life of a program: a start has no time for more. */
  #mountPointLayer(): Promise<string> {
    this.#mountPoints ??= ensureMountPointLayer(this.#context.store).catch((error: unknown) => {
      this.#mountPoints = null;
      throw error;
    });
    return this.#mountPoints;
  }
}
