import { execFileSync } from 'node:child_process';
import { closeSync, constants } from 'node:fs';
import { chmod, mkdir, open, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Images } from '../../ts/images/images.ts';
import type { OnProgress } from '../../ts/images/progress.ts';
import type { ImageId, ImportOptions, LoadedImage, LoadOptions, ResolvedImage } from '../../ts/images/types.ts';
import { openSite } from '../../ts/native/open-site.ts';
import { Store } from '../../ts/store/store.ts';

/** A store of the test with the real addon and the real archive executable. */
export class TestStore {
  readonly store: Store;
  readonly images: Images;
  readonly directory: string;

  private constructor(store: Store, directory: string) {
    this.store = store;
    this.images = new Images(store);
    this.directory = directory;
  }

  static async open(directory: string, name = 'store'): Promise<TestStore> {
    const base = join(directory, name);
    await mkdir(base, { recursive: true });
    const store = await Store.open({ root: join(base, 'root'), run: join(base, 'run'), native: await openSite() });
    return new TestStore(store, base);
  }

  async import(path: string, options: Omit<ImportOptions, 'source'> = {}): Promise<ImageId> {
    return withFile(path, (source) => this.images.import({ ...options, source }));
  }

  async load(path: string, options: Omit<LoadOptions, 'source'> = {}): Promise<readonly LoadedImage[]> {
    return withFile(path, (source) => this.images.load({ ...options, source }));
  }

  async save(
    images: readonly string[],
    path: string,
    format?: 'docker-archive' | 'oci-archive',
    onProgress?: OnProgress,
  ): Promise<void> {
    const file = await open(path, 'w');
    try {
      await this.images.save({ images, output: file.fd, format, onProgress });
    } finally {
      await file.close();
    }
  }

  /** Commits an upper directory that `change` filled, on a base image. */
  async commit(base: string, reference: string, change: (upper: string) => Promise<void>): Promise<ImageId> {
    const upper = join(this.directory, `upper-${Math.random().toString(36).slice(2)}`);
    await mkdir(upper);
    await chmod(upper, 0o755);
    await change(upper);
    return this.images.commit({ upper, marks: 'trusted', base: await this.resolve(base), reference });
  }

  async resolve(nameOrId: string): Promise<ResolvedImage> {
    return (await this.images.resolve(nameOrId)).value;
  }
}

/** Opens a view of an image, a container's root filesystem without its volumes, for the duration of `use`. */
export async function withView<T>(
  { store }: TestStore,
  image: ResolvedImage,
  use: (path: string, descriptor: number) => Promise<T>,
): Promise<T> {
  const descriptor = await store.native.openView(image.layers, 'trusted');
  try {
    return await use(`/proc/self/fd/${descriptor}`, descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** Makes files such as `etc/passwd` with content; a name that ends in `/` is a directory. */
export async function makeTree(root: string, files: Readonly<Record<string, string>>): Promise<string> {
  for (const [name, content] of Object.entries(files)) {
    const path = join(root, name);
    await mkdir(name.endsWith('/') ? path : dirname(path), { recursive: true });
    if (!name.endsWith('/')) await writeFile(path, content);
  }
  return root;
}

/** Packs a directory with GNU tar, an independent implementation. */
export function tar(directory: string, archive: string, ...options: string[]): string {
  execFileSync('tar', ['-C', directory, ...options, '-cf', archive, '.']);
  return archive;
}

async function withFile<T>(path: string, use: (descriptor: number) => Promise<T>): Promise<T> {
  const file = await open(path, constants.O_RDONLY);
  try {
    return await use(file.fd);
  } finally {
    await file.close();
  }
}
