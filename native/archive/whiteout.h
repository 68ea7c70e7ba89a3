// Whiteouts: a name of the layers below that is gone. In the archive of a layer it is a file `.wh.NAME`, in an upper
// directory a device 0:0. An opaque directory hides all that the layers below have in it: `.wh..wh..opq`, or an
// attribute (attributes.h).
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
// Meaning of the last component in a layer. Refuses names that hide a trick (`.wh.`, `.wh...`, below a whiteout).
Whiteout whiteout_of(const std::string& name);
// True if a component is a whiteout name.
bool has_whiteout(const std::string& name);

// Names of whiteouts in an archive; `prefix` is the path of the directory, with its slash.
std::string whiteout_name(const std::string& prefix, const std::string& last);
std::string opaque_name(const std::string& prefix);

}  // namespace orlop::archive
