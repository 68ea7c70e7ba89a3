import { attribute } from '../linux/mount-attributes.ts';
import { sourceType } from './constants.ts';
import type { Draft } from './draft.ts';
import type { Slot } from './types.ts';

/** A file or a directory of the host that a container gets without asking. */
interface HostSource {
  readonly source: string;
  readonly type: 'file' | 'directory';
  readonly reason: string;
  /** Attributes besides `readonly`. */
  readonly attributes: number;
}

/** Binds it read-only; a directory with the mounts below it. */
export function bindReadonly(draft: Draft, { source, type, reason, attributes }: HostSource): Slot {
  const mount = draft.newSlot();
  const recursive = type === 'directory' ? 1 : 0;
  const bound = { source, recursive, device: 0n, inode: 0n, type: sourceType[type] };
  draft.prepare.push({ op: 'bind', reason, mount, ...bound });
  const set = attributes | attribute.readonly;
  draft.prepare.push({ op: 'attributes', reason, mount, set, clear: 0, recursive, propagation: 0 });
  return mount;
}
