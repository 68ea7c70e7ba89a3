// Mounts as trees in descriptors. Where the kernel has the mount API of 5.2 and mount_setattr(2), a tree is detached:
// no mount table has it until `move_tree`. Elsewhere it is mounted at a place of its own in the plan's first attached
// tmpfs (`scratch`), in the mount namespace of this start, and moved from there. Operations do not see the difference.
#pragma once

#include "init/context.h"

namespace orlop::init {

struct Option {
  const char* key;
  const char* value;  // nullptr: a flag
};

// A new mount of a file system; the tree's descriptor. Options without a key are left out.
int make_filesystem(Context& context, const char* type, const Option* options, uint32_t count, uint32_t attributes);

// What a tree is cloned from. One look-up leads there, in the call that clones.
struct Source {
  int at;            // directory that `path` begins in
  const char* path;  // "" with kAtEmptyPath: `at` itself
  int lookup;        // kAtEmptyPath, kAtSymlinkNofollow; 0 follows links
};
inline Source itself(int fd) { return {fd, "", kAtEmptyPath}; }

// A copy of what is mounted there, with the mounts below it if `recursive`, all private: a copy of a shared mount would
// otherwise stay a peer of the host's, and mounts made in the container would show there. They get the MOUNT_ATTR_* of
// `set` in the same call.
int clone_tree(Context& context, const Source& source, bool recursive, uint32_t set);

// Sets and clears MOUNT_ATTR_* and, where not 0, the propagation (1 private, 2 slave, 3 shared).
int set_attributes(Context& context, int tree, uint32_t set, uint32_t clear, bool recursive, uint32_t propagation);

// Attaches a tree on a descriptor. The tree's descriptor stays good: it is the root of the mount.
int move_tree(Context& context, int tree, int target);

// MS_PRIVATE, MS_SLAVE, MS_SHARED for 1, 2, 3; 0 for anything else.
unsigned long propagation_flag(uint32_t mode);

// The older way (mounts_scratch.cc).
int mount_at_scratch(Context& context, const char* type, const char* data, uint32_t attributes);
int mount_at_path(Context& context, const char* path, const char* type, const char* data, uint32_t attributes);
int clone_at_scratch(Context& context, const Source& source, bool recursive);
int remount(Context& context, int tree, uint32_t set, uint32_t clear, bool recursive, uint32_t propagation);

}  // namespace orlop::init
