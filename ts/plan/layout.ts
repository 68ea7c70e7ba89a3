import { attribute } from '../linux/mount-attributes.ts';
import type { mountPoint } from './constants.ts';
import { defaultMounts } from './default-mounts.ts';
import type { Draft } from './draft.ts';
import type { StartFacts } from './facts.ts';
import type { Slot } from './types.ts';
import { hiddenReason, makeHidden, makeUserMount } from './user-mounts.ts';

/** A mount with its place below the root filesystem. */
export interface PlacedMount {
  readonly target: string;
  readonly kind: keyof typeof mountPoint;
  /** Make the mount point where it is missing. */
  readonly create: boolean;
  /** To be made read-only once all mounts are in place. */
  readonly sealed: boolean;
  readonly reason: string;
  /** Needs neither the request nor the container's namespaces, so that it can be made before both. */
  readonly ahead: boolean;
  make(draft: Draft): Slot;
}

/**
 * All mounts but the root filesystem, in the order in which they are made: the user's, the hidden paths, the defaults.
 * A mount of the user replaces what would be at the same target or below it: who mounts `/dev` gets no `/dev/pts` of ours
 * in there, and who mounts `/home` asked to see it.
 */
export function placeMounts(facts: StartFacts): readonly PlacedMount[] {
  const taken = new Set(facts.mounts.map((mount) => mount.target));
  const isTaken = (target: string): boolean => [target, ...parents(target)].some((path) => taken.has(path));
  const user = facts.mounts.map(
    (mount): PlacedMount => ({
      target: mount.target,
      kind: mount.kind === 'bind' ? mount.type : 'directory',
      create: true,
      sealed: mount.kind === 'tmpfs' && (mount.attributes & attribute.readonly) !== 0,
      reason: mount.reason,
      ahead: false,
      make: (draft) => makeUserMount(draft, mount),
    }),
  );
  const hidden = facts.hidden
    .filter(({ target }) => !isTaken(target))
    .map(
      (path): PlacedMount => ({
        target: path.target,
        kind: 'directory',
        create: false,
        sealed: false,
        reason: hiddenReason,
        ahead: true,
        make: (draft) => makeHidden(draft, path),
      }),
    );
  const defaults = defaultMounts(facts)
    .filter(({ target }) => !isTaken(target))
    // An image with a symlink at /proc could have it mounted where the masks would then not find it (CVE-2025-31133).
    .map((mount): PlacedMount => ({ ...mount, kind: 'plain directory', create: true, sealed: false }));
  return [...user, ...hidden, ...defaults];
}

/** In the order of attaching: parents before what is below them, otherwise as they came. */
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
