/** Attributes of a mount, `MOUNT_ATTR_*` of mount_setattr(2). The attributes of a mount are the sum of its set bits. */
export const attribute = {
  readonly: 0x1,
  nosuid: 0x2,
  nodev: 0x4,
  noexec: 0x8,
  noatime: 0x10,
  strictatime: 0x20,
  nodiratime: 0x80,
  nosymfollow: 0x200000,
} as const;
