// Mounts by descriptor. With the mount API of 5.2 and mount_setattr(2), a mount is detached: no mount table has it
// until `move_onto`. Without them, it is attached in the plan's first attached tmpfs (`scratch`), in the mount
// namespace of this start, and moved from there. Operations do not see the difference.
#pragma once

#include "init/context.h"

namespace orlop::init {

struct Option {
  const char* key;
  const char* value;  // nullptr: a flag
};

// Mounts a new file system, and returns the descriptor of the mount. Options without a key are left out.
int make_filesystem(Context& context, const char* type, const Option* options, uint32_t count, uint32_t attributes);

// Source of a clone. The call that clones looks the path up, once.
struct Source {
  int at;            // directory in which `path` begins
  const char* path;  // "" with kAtEmptyPath: `at` itself
  int lookup;        // kAtEmptyPath, kAtSymlinkNofollow; 0 follows links
};
inline Source itself(int fd) { return {fd, "", kAtEmptyPath}; }

// Clones a mount, with the mounts below it if `recursive`, all private. A copy of a shared mount would stay a peer of
// the host's mount, and mounts made in the container would show on the host. The same call sets the MOUNT_ATTR_* of
// `set`.
int clone_mount(Context& context, const Source& source, bool recursive, uint32_t set);

// Sets and clears MOUNT_ATTR_* and, unless 0, the propagation (1 private, 2 slave, 3 shared).
int set_attributes(Context& context, int mount, uint32_t set, uint32_t clear, bool recursive, uint32_t propagation);

// Attaches a mount on a descriptor. The descriptor of the mount stays valid: it is the root of the mount.
int move_onto(Context& context, int mount, int target);

// MS_PRIVATE, MS_SLAVE, MS_SHARED for 1, 2, 3; 0 for anything else.
unsigned long propagation_flag(uint32_t mode);

// The same with mount(2), mounts_scratch.cc.
int mount_at_scratch(Context& context, const char* type, const char* data, uint32_t attributes);
int mount_at_path(Context& context, const char* path, const char* type, const char* data, uint32_t attributes);
int clone_at_scratch(Context& context, const Source& source, bool recursive);
int remount(Context& context, int mount, uint32_t set, uint32_t clear, bool recursive, uint32_t propagation);

}  // namespace orlop::init
