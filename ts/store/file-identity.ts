import type { BigIntStats } from 'node:fs';

/**
 * What a file that is replaced, never written in place, is known by: the addon compares it (`identity_of` of
 * native/fs/changes.h). Pure.
 */
export function fileIdentity({ dev, ino, size, mtimeNs }: BigIntStats): string {
  return `${dev} ${ino} ${size} ${mtimeNs}`;
}
