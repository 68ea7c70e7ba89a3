// Names of the kernel's interface. Older kernel headers lack the newer ones, and libc's headers may not be used here.
// So the numbers are defined here; they are part of the kernel's stable interface.
#pragma once

#include <asm/fcntl.h>
#include <asm/statfs.h>
#include <linux/errno.h>
#include <linux/stat.h>

#include <cstdint>

namespace orlop::init {

// Descriptors and paths (linux/fcntl.h, linux/openat2.h).
inline constexpr int kAtCwd = -100;
inline constexpr int kAtSymlinkNofollow = 0x100;
inline constexpr int kAtNoAutomount = 0x800;
inline constexpr int kAtRecursive = 0x8000;
inline constexpr int kAtEmptyPath = 0x1000;
inline constexpr int kAtStatxDontSync = 0x4000;
inline constexpr int kPath = O_PATH | O_CLOEXEC;
inline constexpr uint64_t kResolveNoXdev = 0x01;
inline constexpr uint64_t kResolveNoMagiclinks = 0x02;
inline constexpr uint64_t kResolveNoSymlinks = 0x04;
inline constexpr uint64_t kResolveInRoot = 0x10;
struct OpenHow {
  uint64_t flags;
  uint64_t mode;
  uint64_t resolve;
};

// mount(2).
inline constexpr unsigned long kMsReadonly = 1;
inline constexpr unsigned long kMsNosuid = 2;
inline constexpr unsigned long kMsNodev = 4;
inline constexpr unsigned long kMsNoexec = 8;
inline constexpr unsigned long kMsRemount = 32;
inline constexpr unsigned long kMsNosymfollow = 256;
inline constexpr unsigned long kMsNoatime = 1024;
inline constexpr unsigned long kMsNodiratime = 2048;
inline constexpr unsigned long kMsBind = 4096;
inline constexpr unsigned long kMsMove = 8192;
inline constexpr unsigned long kMsRecursive = 16384;
inline constexpr unsigned long kMsPrivate = 1ul << 18;
inline constexpr unsigned long kMsSlave = 1ul << 19;
inline constexpr unsigned long kMsShared = 1ul << 20;
inline constexpr unsigned long kMsRelatime = 1ul << 21;
inline constexpr unsigned long kMsStrictatime = 1ul << 24;
inline constexpr int kMntDetach = 2;

// The mount API of 5.2 and mount_setattr(2) of 5.12 (linux/mount.h).
inline constexpr int kOpenTreeClone = 1;
inline constexpr int kMoveFromEmptyPath = 0x04;
inline constexpr int kMoveToEmptyPath = 0x40;
inline constexpr int kFsopenCloexec = 1;
inline constexpr int kFsmountCloexec = 1;
inline constexpr int kFsconfigSetFlag = 0;
inline constexpr int kFsconfigSetString = 1;
inline constexpr int kFsconfigCreate = 6;
inline constexpr uint32_t kAttrReadonly = 0x01;
inline constexpr uint32_t kAttrNosuid = 0x02;
inline constexpr uint32_t kAttrNodev = 0x04;
inline constexpr uint32_t kAttrNoexec = 0x08;
inline constexpr uint32_t kAttrAtimeMask = 0x70;
inline constexpr uint32_t kAttrNoatime = 0x10;
inline constexpr uint32_t kAttrStrictatime = 0x20;
inline constexpr uint32_t kAttrNodiratime = 0x80;
inline constexpr uint32_t kAttrNosymfollow = 0x200000;
inline constexpr uint32_t kAttrIdmap = 0x100000;
struct MountAttr {
  uint64_t set;
  uint64_t clear;
  uint64_t propagation;
  uint64_t userns;
};

// statfs(2): types of file systems, and the flags of a mount.
inline constexpr long kProcMagic = 0x9fa0;
inline constexpr long kStReadonly = 1;
inline constexpr long kStNosuid = 2;
inline constexpr long kStNodev = 4;
inline constexpr long kStNoexec = 8;
inline constexpr long kStNoatime = 1024;
inline constexpr long kStNodiratime = 2048;
inline constexpr long kStRelatime = 4096;
inline constexpr long kStNosymfollow = 8192;

inline constexpr uint32_t kNewUser = 0x10000000;         // CLONE_NEWUSER
inline constexpr uint64_t kAttributeMountRoot = 0x2000;  // STATX_ATTR_MOUNT_ROOT (5.8)
inline constexpr uint32_t kPathMax = 4096;               // with the NUL

}  // namespace orlop::init
