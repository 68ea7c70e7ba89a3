// Extended attributes of what a descriptor stands for, O_PATH descriptors (links, devices) included.
#pragma once

#include <map>
#include <string>

#include "base/failure.h"

namespace orlop::fs {

// Values are bytes.
using Xattrs = std::map<std::string, std::string>;

// All but the marks of overlayfs, and but labels of a security module: those belong to the place, not to the file.
// None where the file system has no such thing.
Failure read_xattrs(int fd, const std::string& path, Xattrs* xattrs);
// What the file system does not support is left out.
Failure write_xattrs(int fd, const std::string& path, const Xattrs& xattrs);
Failure remove_xattr(int fd, const std::string& path, const char* name);

// The marks of overlayfs. Of a directory, "y" when nothing below it shows through, "x" when files in it may be marked
// as whiteouts, and else empty; of a file, whether it is such a whiteout.
Failure read_opaque_mark(int fd, const std::string& path, std::string* value);
Failure has_whiteout_mark(int fd, const std::string& path, bool* found);

}  // namespace orlop::fs
