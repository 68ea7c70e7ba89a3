// Paths of the container, looked up below its root directory: links stay inside, magic links are refused.
#pragma once

#include "init/context.h"

namespace orlop::init {

// What to make where the last component is missing; missing parents are directories with mode 0755.
enum class Missing { kFail, kMakeDirectory, kMakeFile };

// Whether symbolic links lead on, or are refused with ELOOP wherever they stand in the path.
enum class Links { kFollow, kRefuse };

// An O_PATH descriptor for `path` as a process with the root directory `root` would see it, or a negated errno.
int resolve(Context& context, int root, const char* path, Missing missing, Links links = Links::kFollow);

// The same for opening with `flags` of open(2), for a file that exists. `shared` becomes true where the path leads over
// another mount than that of `root`.
int open_in_root(Context& context, int root, const char* path, int flags, bool* shared);

int stat_fd(Context& context, int fd, struct statx* result);
bool is_directory(const struct statx& facts);
// Whether the file of `fd` is on procfs; a negated errno when that cannot be found out.
int lies_on_proc(Context& context, int fd);

}  // namespace orlop::init
