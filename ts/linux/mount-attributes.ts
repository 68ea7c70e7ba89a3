/** Attributes of a mount, `MOUNT_ATTR_*` of mount_setattr(2). A mount's are one number: those that are set. */
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
