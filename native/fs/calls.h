// System calls without a wrapper in glibc 2.28, and safe ways to open files that other processes made.
#pragma once

#include <cstdint>
#include <string>

#include "base/unique_fd.h"

namespace orlop::fs {

// Feature bits of init/run.h that may be used; all by default. A caller clears bits to use the calls of older kernels.
void limit_features(uint32_t features);
bool may_use(uint32_t feature);

// openat2(2), repeated if a concurrent rename made it fail. O_CLOEXEC is added.
UniqueFd openat2(int directory, const char* path, int flags, uint64_t mode, uint64_t resolve);

// Opens one entry of a directory. A symbolic link is never followed (ELOOP, or with O_PATH a descriptor of the link
// itself), and another mount is never entered (EXDEV).
UniqueFd open_entry(int directory, const char* name, int flags);

// Opens a directory again, with its own position; also from an O_PATH descriptor.
UniqueFd reopen_directory(int directory);

// Opens the file of an O_PATH descriptor through procfs. No name is looked up again, so the file cannot be another one.
// Empty with errno.
UniqueFd reopen(int fd, int flags);

// "/proc/self/fd/N".
std::string descriptor_path(int fd);

// True for the name of an entry, as readdir(3) gives it.
bool is_entry_name(const std::string& name);

// True if the process may read `trusted.*`. Then overlayfs keeps its marks in trusted.overlay.*, otherwise in
// user.overlay.* (mount option userxattr).
bool in_initial_user_namespace();

}  // namespace orlop::fs
