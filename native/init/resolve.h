// Paths of the container, looked up below its root directory: links stay inside, magic links are refused.
#pragma once

#include "init/context.h"

namespace orlop::init {

// Kind of file to make if the last component is missing; missing parents become directories with mode 0755.
enum class Missing { kFail, kMakeDirectory, kMakeFile };

// Follow symbolic links, or refuse them (ELOOP) anywhere in the path.
enum class Links { kFollow, kRefuse };

// Looks `path` up as a process with the root directory `root` would. An O_PATH descriptor, or a negated errno.
int resolve(Context& context, int root, const char* path, Missing missing, Links links = Links::kFollow);

// Opens an existing file with `flags` of open(2). `shared` becomes true if the path leads over another mount than that
// of `root`.
int open_in_root(Context& context, int root, const char* path, int flags, bool* shared);

int stat_fd(Context& context, int fd, struct statx* result);
bool is_directory(const struct statx& facts);
// True if the file of `fd` is on procfs; a negated errno on failure.
int lies_on_proc(Context& context, int fd);

}  // namespace orlop::init
