import type { BigIntStats } from 'node:fs';

/**
 * Identity of a file that is replaced, never written in place. The addon compares it (`identity_of` of
 * native/fs/changes.h). Pure.
 */
export function fileIdentity({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return `${dev} ${ino} ${size} ${mtimeNs} ${ctimeNs}`;
}
