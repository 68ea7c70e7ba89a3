// Extended attributes of the file of a descriptor, also O_PATH (links, devices).
#pragma once

#include <map>
#include <string>

#include "base/failure.h"

namespace orlop::fs {

// Values are bytes.
using Xattrs = std::map<std::string, std::string>;

// All but marks of overlayfs and labels of security modules, which belong to the place, not to the file. Empty if the
// file system has no attributes.
Failure read_xattrs(int fd, const std::string& path, Xattrs* xattrs);
// Skips attributes that the file system does not support.
Failure write_xattrs(int fd, const std::string& path, const Xattrs& xattrs);
Failure remove_xattr(int fd, const std::string& path, const char* name);

// Marks of the mount that wrote an upper directory: trusted.overlay.*, or user.overlay.* with its option userxattr.
// Only the kind that the mount used counts: a container may have written the other kind.
enum class Marks { kTrusted, kUser };

// Marks of overlayfs. For a directory: "y" if it hides the layers below, "x" if its files may be marked as whiteouts,
// otherwise empty. For a file: whether it is such a whiteout.
Failure read_opaque_mark(int fd, const std::string& path, Marks marks, std::string* value);
Failure has_whiteout_mark(int fd, const std::string& path, Marks marks, bool* found);

}  // namespace orlop::fs
