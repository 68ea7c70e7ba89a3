import { attribute } from '../linux/mount-attributes.ts';
import { replaceableProc } from '../linux/replaceable-proc.ts';
import type { mountPoint } from './constants.ts';
import { defaultMounts } from './default-mounts.ts';
import type { Draft } from './draft.ts';
import type { StartFacts, UserMount } from './facts.ts';
import type { Slot } from './types.ts';
import { makeBoundPart, makePart, rootReason } from './union.ts';
import { hiddenReason, makeHidden, makeUserMount } from './user-mounts.ts';

/** A mount with its target below the root filesystem. */
export interface PlacedMount {
  readonly target: string;
  readonly kind: keyof typeof mountPoint;
  /** Make a missing mount point. */
  readonly create: boolean;
  /** Made read-only after all mounts are attached. */
  readonly sealed: boolean;
  readonly reason: string;
  /** Can be made before the request and the container's namespaces. */
  readonly prefetchable: boolean;
  make(draft: Draft): Slot;
}

/**
 * All mounts but the root filesystem, in the order in which they are made: its parts, the user's, the hidden paths, the defaults.
 * A mount of the user replaces other mounts at its target and below it: a user's `/dev` gets no default `/dev/pts`, and
 * a user's `/home` is not hidden.
 */
export function placeMounts(facts: StartFacts): readonly PlacedMount[] {
  const taken = new Set(facts.mounts.map((mount) => mount.target));
  const isTaken = (target: string): boolean => [target, ...parents(target)].some((path) => taken.has(path));
  const user = facts.mounts.map(
    (mount): PlacedMount => ({
      target: mount.target,
      ...mountPointOf(mount),
      sealed: mount.kind === 'tmpfs' && (mount.attributes & attribute.readonly) !== 0,
      reason: mount.reason,
      prefetchable: false,
      make: (draft) => makeUserMount(draft, mount),
    }),
  );
  const hidden = facts.hidden
    .filter(({ target }) => !isTaken(target))
    .map(
      (path): PlacedMount => ({
        target: path.target,
        kind: 'directory',
        // A store may be removed while the container starts.
        create: true,
        sealed: false,
        reason: hiddenReason,
        prefetchable: true,
        make: (draft) => makeHidden(draft, path),
      }),
    );
  const defaults = defaultMounts(facts)
    .filter(({ target, asked }) => (asked ? !taken.has(target) : !isTaken(target)))
    // Otherwise a symlink at /proc in the image could lead the mount to a place that the masks miss (CVE-2025-31133).
    .map(({ file, asked: _, ...mount }): PlacedMount => {
      return { ...mount, kind: file ? 'file' : 'plain directory', create: true, sealed: false };
    });
  const part = { kind: 'plain directory', create: false, reason: rootReason, prefetchable: true } as const;
  const { parts: unions = [], bound = [], readOnly } = facts.root;
  const parts = [
    ...unions.map((one): PlacedMount => {
      return { ...part, target: one.target, sealed: readOnly, make: (draft) => makePart(draft, facts.root, one) };
    }),
    ...bound.map((target): PlacedMount => {
      return { ...part, target, sealed: false, make: (draft) => makeBoundPart(draft, target) };
    }),
  ].filter(({ target }) => !taken.has(target));
  return [...parts, ...user, ...hidden, ...defaults];
}

/** Kind of a mount's target. In /proc nothing can be made, and only some files can be covered. */
function mountPointOf(mount: UserMount): Pick<PlacedMount, 'kind' | 'create'> {
  if (mount.kind === 'tmpfs') return { kind: 'directory', create: true };
  const inProc = mount.type === 'file' && replaceableProc.has(mount.target);
  return inProc ? { kind: 'file of /proc', create: false } : { kind: mount.type, create: true };
}

/** Sorts mounts for attaching: parents before children, otherwise in their order. */
export function byDepth<Mount extends { readonly target: string }>(mounts: readonly Mount[]): Mount[] {
  return [...mounts].sort((a, b) => depth(a.target) - depth(b.target));
}

function depth(target: string): number {
  return target.split('/').filter((part) => part !== '').length;
}

/** `/dev/pts/x` → `/dev/pts`, `/dev`. */
export function parents(target: string): string[] {
  const parts = target.split('/').slice(1, -1);
  return parts.map((_, index) => `/${parts.slice(0, parts.length - index).join('/')}`);
}
