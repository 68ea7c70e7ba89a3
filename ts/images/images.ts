import type { Change } from '../native/contract.ts';
import { explaining } from '../store/explain.ts';
import type { Store } from '../store/store.ts';
import { commitLayer } from './commit.ts';
import type { Context } from './context.ts';
import { chainIds, type Digest, hexOf } from './digest.ts';
import { resolveHost } from './host.ts';
import { inspectImage } from './inspect.ts';
import { diskUsage } from './layers/disk-usage.ts';
import { ensureLayers } from './layers/ensure-layers.ts';
import { ensureMountPointLayer } from './layers/mount-points.ts';
import { findImage, readImage } from './records/find.ts';
import { writeIndex } from './records/index-json.ts';
import { type ImageRecord, ImageRecords } from './records/records.ts';
import { formatReference, hostImage, parseOwnReference } from './records/reference.ts';
import { familiar, summary } from './records/summary.ts';
import { recoverImages } from './recover.ts';
import { removeImage } from './remove.ts';
import { type Archiver, archiveProcess } from './transfer/archiver.ts';
import { importImage } from './transfer/import.ts';
import { loadImages } from './transfer/load.ts';
import { saveImages } from './transfer/save.ts';
import type * as t from './types.ts';

type LayersOfRecord = Pick<t.ResolvedImage, 'diffIds' | 'chainId' | 'layers' | 'generation'>;

/**
 * The images of a store. Locks: `image records` is shared while an image is in use, and exclusive while records change.
 * `image content` is shared while blobs and layers are added or read, and exclusive during a sweep. Code that needs
 * both takes `content` first.
 */
export class Images implements t.ImageStore {
  readonly #context: Context;
  readonly #layers = new WeakMap<ImageRecord, LayersOfRecord>();
  /** Last resolved image of each record. */
  readonly #last = new WeakMap<ImageRecord, t.ResolvedImage>();
  readonly #ensuring = new Map<Digest, Promise<void>>();
  #generations = 0;
  #mountPoints: Promise<string> | null = null;

  constructor(store: Store, archiver: Archiver = archiveProcess(store.native.rights)) {
    this.#context = { store, archiver, records: new ImageRecords(store) };
  }

  recover(isUsed: (id: Digest) => Promise<boolean>): Promise<void> {
    return recoverImages(this.#context, isUsed);
  }

  async hold({ signal }: t.Abortable = {}): Promise<t.ImageHold> {
    return this.#context.store.lock('image', 'records', 'shared', { signal });
  }

  async resolve(nameOrId: string, options?: t.Abortable): Promise<t.CheckedImage> {
    if (nameOrId === hostImage) {
      // Not repeatable: the hidden directories depend on the host.
      return { value: await resolveHost(this.#context.store), checks: [], repeatable: false };
    }
    // The hold keeps records and layers unchanged during the resolution.
    await using _hold = await this.hold(options);
    return this.#resolve(nameOrId);
  }

  async #resolve(nameOrId: string): Promise<t.CheckedImage> {
    const { records, store } = this.#context;
    const found = await findImage(records, nameOrId);
    const record = await readImage(records, found, nameOrId);
    const layers = this.#layers.get(record) ?? (await this.#prepare(record));
    const value = await this.#resolved(record, layers, found.reference === null ? nameOrId : familiar(found.reference));
    const checks: Change[] = [['share', store.lockFile('image', 'records')], ...records.checks(found)];
    // A prefix of an ID may later match another image too.
    return { value, checks, repeatable: found.reference !== null || nameOrId === record.id };
  }

  /** Returns the same object for the same image, so that callers can cache facts by it. */
  async #resolved(record: ImageRecord, layers: LayersOfRecord, reference: string): Promise<t.ResolvedImage> {
    const last = this.#last.get(record);
    if (last?.reference === reference && last.generation === layers.generation) return last;
    const resolved: t.ResolvedImage = {
      id: record.id,
      reference,
      config: record.config,
      ...layers,
      layers: [...layers.layers, await this.#mountPointLayer()],
      hidden: [],
    };
    this.#last.set(record, resolved);
    return resolved;
  }

  /** Runs once per record: chain IDs are sums, and an image's layers stay as long as the image. */
  async #prepare(record: ImageRecord): Promise<LayersOfRecord> {
    const { id } = record;
    const ensuring = this.#ensuring.get(id) ?? ensureLayers(this.#context, record);
    this.#ensuring.set(id, ensuring);
    // Concurrent starts from a new image wait for the same unpacking.
    await ensuring.finally(() => this.#ensuring.delete(id));
    const diffIds = record.layers.map((layer) => layer.diffId);
    const chain = chainIds(diffIds);
    const layers = chain.map((id) => this.#context.store.diffPath(hexOf(id))).reverse();
    const made = { diffIds, chainId: chain.at(-1) ?? null, layers, generation: ++this.#generations };
    this.#layers.set(record, made);
    return made;
  }

  async list(): Promise<t.ImageList> {
    const { records, store } = this.#context;
    const { images, damaged } = await records.all();
    const { tags, damaged: damagedTags } = await records.tags();
    const summaries: t.ImageSummary[] = [];
    for (const image of images) summaries.push(summary(image, tags, await diskUsage(store, image)));
    summaries.sort((a, b) => (b.created ?? '').localeCompare(a.created ?? '') || a.id.localeCompare(b.id));
    return { images: summaries, damaged: [...damaged, ...damagedTags] };
  }

  inspect(nameOrId: string): Promise<t.ImageDetails> {
    return inspectImage(this.#context, nameOrId);
  }

  import(options: t.ImportOptions): Promise<t.ImageId> {
    return this.#writing(importImage(this.#context, options));
  }

  commit(options: t.CommitOptions): Promise<t.ImageId> {
    return this.#writing(commitLayer(this.#context, options));
  }

  tag(nameOrId: string, reference: string, options: t.Abortable = {}): Promise<void> {
    return this.#writing(this.#tag(nameOrId, reference, options));
  }

  async #tag(nameOrId: string, reference: string, { signal }: t.Abortable): Promise<void> {
    const { store, records } = this.#context;
    const name = formatReference(parseOwnReference(reference));
    const lock = await store.lockToWrite('image', 'records', { signal });
    try {
      const { id } = await findImage(records, nameOrId);
      await records.writeTag({ reference: name, image: id });
      await writeIndex(store, records);
    } finally {
      await lock.release();
    }
  }

  remove(nameOrId: string, options: t.RemoveOptions): Promise<t.RemovedImage> {
    return this.#writing(removeImage(this.#context, nameOrId, options));
  }

  save(options: t.SaveOptions): Promise<void> {
    return this.#writing(saveImages(this.#context, options));
  }

  load(options: t.LoadOptions): Promise<readonly t.LoadedImage[]> {
    return this.#writing(loadImages(this.#context, options));
  }

  /** Explains the errors of a full or read-only file system. */
  #writing<Result>(work: Promise<Result>): Promise<Result> {
    return work.catch(explaining(this.#context.store));
  }

  /** Checked once per process, because checking again would slow each start. */
  #mountPointLayer(): Promise<string> {
    this.#mountPoints ??= ensureMountPointLayer(this.#context.store).catch((error: unknown) => {
      this.#mountPoints = null;
      throw error;
    });
    return this.#mountPoints;
  }
}
