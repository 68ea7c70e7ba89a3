// Whiteouts. A whiteout removes a name of the layers below. It is a file `.wh.NAME` in the archive of a layer, and a
// device 0:0 in an upper directory. An opaque directory hides the entries of the layers below. It has a file
// `.wh..wh..opq` in an archive, and an attribute in an upper directory (attributes.h).
#pragma once

#include <sys/stat.h>

#include <string>
#include <string_view>

namespace orlop::archive {

// The device of overlayfs (Documentation/filesystems/overlayfs.rst, "whiteouts and opaque directories").
inline constexpr dev_t kWhiteoutDevice = 0;

inline bool is_whiteout(const struct stat& info) { return S_ISCHR(info.st_mode) && info.st_rdev == kWhiteoutDevice; }

enum class Whiteout {
  kNone,     // an ordinary name
  kRemoved,  // .wh.NAME: NAME of the layers below is gone
  kOpaque,   // .wh..wh..opq: nothing of the layers below is seen in the directory
  kIgnored,  // other .wh..wh. names: AUFS' own records, which Docker skips too
};
// Meaning of the last component in a layer. Refuses whiteouts of no name, of `.` and `..`, and names below a whiteout.
Whiteout whiteout_of(const std::string& name);
// True if a component is a whiteout name.
bool has_whiteout(const std::string& name);

// Names of whiteouts in an archive; `prefix` is the path of the directory, with its slash.
std::string whiteout_name(const std::string& prefix, const std::string& last);
std::string opaque_name(const std::string& prefix);

}  // namespace orlop::archive
