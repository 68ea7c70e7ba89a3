import type { ResolvedImage } from '../images/types.ts';
import type { Native } from '../native/contract.ts';
import { type Marks, marksOf } from '../native/rights.ts';

/**
 * The root filesystem of an image, for reading on the host: a detached overlay mount, made by the first `open`. The
 * view owns the descriptor.
 */
export class ImageView implements AsyncDisposable {
  readonly #native: Native;
  readonly #layers: readonly string[];
  readonly #marks: Marks;
  #descriptor: Promise<number> | null = null;

  /** @param marks of the uppermost layer; default: those of the caller's mounts */
  constructor(native: Native, layers: readonly string[], marks = marksOf(native.rights)) {
    this.#native = native;
    this.#layers = layers;
    this.#marks = marks;
  }

  /** Leaves out the layer of mount points, which holds no content: an image of one layer then needs no mount. */
  static ofImage(native: Native, { layers, diffIds }: Pick<ResolvedImage, 'layers' | 'diffIds'>): ImageView {
    return new ImageView(native, layers.slice(0, Math.max(1, diffIds.length)));
  }

  /** Descriptor of the root directory. */
  readonly open = (): Promise<number> => {
    this.#descriptor ??= this.#native.openView(this.#layers, this.#marks);
    return this.#descriptor;
  };

  async [Symbol.asyncDispose](): Promise<void> {
    const opened = this.#descriptor;
    if (opened === null) return;
    this.#descriptor = null;
    const descriptor = await opened.catch(() => null);
    if (descriptor !== null) await this.#native.close(descriptor);
  }
}
