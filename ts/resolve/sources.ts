import { statSync } from 'node:fs';
import { RequestError } from '../errors/index.ts';
import { messageOf } from '../errors/message.ts';
import { maxDelayMs, unlessAborted } from '../launch/abort.ts';
import { attribute } from '../linux/mount-attributes.ts';
import type { Looked, Native } from '../native/contract.ts';
import { defaultDevices } from '../plan/devices.ts';
import type { BindMount, MountSpec } from '../request/types.ts';
import { callersRun } from '../store/known-stores.ts';
import type { Store } from '../store/store.ts';
import { noVolume } from '../volumes/record.ts';
import type { Checked } from './checked.ts';

/** File or directory at the source of a bind mount. The start fails if it is replaced until then. */
export interface ResolvedSource {
  /** Without symbolic links. */
  readonly path: string;
  readonly device: bigint;
  readonly inode: bigint;
  readonly type: 'directory' | 'file';
  /** Device that a device file names, as mknod(1) takes it: `b 8:0`. */
  readonly special?: string | undefined;
  /** `f_type` of statfs(2); undefined: unknown, 0: statfs failed. */
  readonly fileSystem?: number | undefined;
}

type SourceStore = Pick<Store, 'root' | 'run' | 'native'>;

/** Looks at a path on a file system that may not answer. */
async function lookAt(native: Native, path: string, signal: AbortSignal | undefined): Promise<Looked> {
  // The addon's look does not keep the event loop alive. This timer does while the caller waits.
  const alive = setTimeout(() => {}, maxDelayMs);
  try {
    return await unlessAborted(native.lookAt(path), signal);
  } finally {
    clearTimeout(alive);
  }
}

/**
 * Looks at the source of a bind mount on the host.
 *
 * @throws RequestError ORLOP_E_SOURCE, also where it lies in the store; ORLOP_E_ABORTED
 */
async function resolveSource(
  { native, root, run }: SourceStore,
  mount: BindMount,
  signal: AbortSignal | undefined,
): Promise<ResolvedSource> {
  const { source } = mount;
  const refuse = (...why: [string, string, unknown?]) => refusal(mount, ...why);
  let found: Looked;
  try {
    found = await lookAt(native, source, signal);
  } catch (error) {
    if (error instanceof RequestError) throw error;
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT') {
      throw refuse(
        'the host has no such file or directory',
        `check the path, or make it: mkdir -p '${source}' for a directory, touch '${source}' for a file`,
        error,
      );
    }
    if (code === 'EACCES') throw refuse('permission denied', 'the caller may not reach it on the host', error);
    throw refuse(messageOf(error), 'check the path on the host', error);
  }
  const { path, device, inode, directory, special, fileSystem } = found;
  const inside = [root, run, callersRun()].find((directory) => path === directory || path.startsWith(`${directory}/`));
  if (inside !== undefined) {
    throw refuse(`it lies in the store '${inside}'`, 'name the volume instead: -v NAME:/target');
  }
  return { path, device, inode, type: directory ? 'directory' : 'file', special, fileSystem };
}

function refusal({ source, target }: BindMount, why: string, hint: string, cause?: unknown): RequestError {
  return new RequestError('ORLOP_E_SOURCE', `cannot mount '${source}' at '${target}': ${why}`, { hint, cause });
}

/** True for a device that every container may open. */
export function isHarmless({ special }: Pick<ResolvedSource, 'special'>): boolean {
  return defaultDevices.some(({ major, minor }) => special === `c ${major}:${minor}`);
}

/**
 * Refuses a device file that could not be opened in the container.
 *
 * @throws RequestError ORLOP_E_SOURCE
 */
function refuseDevice(mount: BindMount, source: ResolvedSource): void {
  const { special = '' } = source;
  if (special === '' || (mount.attributes & attribute.nodev) === 0 || isHarmless(source)) return;
  const why = `it is the device '${special}' of the host`;
  throw refusal(mount, why, `to let the container use it, add the option 'dev': ${mount.target}:dev`);
}

/**
 * Looks at the sources of all bind mounts of a request; the result is by target. It has no checks, because the
 * operation `bind` checks that a source is the same. Throws as `resolveSource` does.
 */
export async function resolveSources(
  store: SourceStore,
  mounts: readonly MountSpec[],
  signal?: AbortSignal,
): Promise<Checked<ReadonlyMap<string, ResolvedSource>>> {
  const binds = mounts.filter((mount) => mount.type === 'bind');
  // Each source once, and all at the same time: handing a look to a thread takes longer than the look.
  const looks = new Map<string, Promise<ResolvedSource>>();
  for (const mount of binds) {
    if (!looks.has(mount.source)) looks.set(mount.source, resolveSource(store, mount, signal));
  }
  // Waits for all of them, so that the error is that of the first mount in the request.
  await Promise.allSettled(looks.values());
  const sources = new Map<string, ResolvedSource>();
  let repeatable = true;
  for (const mount of binds) {
    const { source, target } = mount;
    const found = await looks.get(source);
    if (found === undefined) continue;
    refuseDevice(mount, found);
    sources.set(target, found);
    // A symbolic link can be changed without any change at its former target.
    repeatable &&= found.path === source;
  }
  return { value: sources, checks: [], repeatable };
}

/**
 * Looks at the data directories of volumes, which lie on the store's own disk; the result is by name.
 *
 * @throws RequestError ORLOP_E_NO_VOLUME when one was removed from the store by hand
 */
export function resolveVolumes(
  store: Pick<Store, 'volumeData'>,
  names: Iterable<string>,
): ReadonlyMap<string, ResolvedSource> {
  const sources = new Map<string, ResolvedSource>();
  for (const name of names) {
    const path = store.volumeData(name);
    const facts = statSync(path, { bigint: true, throwIfNoEntry: false });
    if (facts === undefined) throw noVolume(name);
    sources.set(name, { path, device: facts.dev, inode: facts.ino, type: 'directory' });
  }
  return sources;
}
