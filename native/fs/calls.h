// System calls that glibc 2.28 has no wrapper for, and the two ways in which everything here opens what others made.
#pragma once

#include <cstdint>
#include <string>

#include "base/unique_fd.h"

namespace orlop::fs {

// Feature bits of init/run.h that may be used. All by default; a caller that wants the older ways narrows them.
void limit_features(uint32_t features);
bool may_use(uint32_t feature);

// openat2(2), repeated where the kernel could not finish because of a rename elsewhere. O_CLOEXEC is added.
UniqueFd openat2(int directory, const char* path, int flags, uint64_t mode, uint64_t resolve);

// One entry of a directory by its name: a symbolic link is never followed (ELOOP, or a descriptor of the link itself
// with O_PATH) and another mount is never entered (EXDEV).
UniqueFd open_entry(int directory, const char* name, int flags);

// The same directory once more, with a position of its own. Also of an O_PATH descriptor.
UniqueFd reopen_directory(int directory);

// What an O_PATH descriptor stands for, opened through procfs: no name is looked up again, so that nothing can have
// been put in its place. Empty with errno.
UniqueFd reopen(int fd, int flags);

// "/proc/self/fd/N".
std::string descriptor_path(int fd);

// True for the name of an entry, as readdir(3) gives it.
bool is_entry_name(const std::string& name);

// True where the process may read `trusted.*`: there overlayfs keeps its marks in trusted.overlay.*, and otherwise
// in user.overlay.* (mount option userxattr).
bool in_initial_user_namespace();

}  // namespace orlop::fs
