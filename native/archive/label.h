// What a user namespace cannot keep of a file: owners that it does not map, and devices. They are kept in an attribute
// of a regular file or a directory, which Podman and fuse-overlayfs know too.
#pragma once

#include <sys/stat.h>

#include <string>
#include <string_view>
#include <vector>

#include "archive/attributes.h"

namespace orlop::archive {

// `UID:GID:MODE`, the mode in octal digits, and for a device `:char-MAJOR-MINOR` or `:block-MAJOR-MINOR`.
inline constexpr char kLabel[] = "user.containers.override_stat";

std::string format_label(const struct stat& info);

// Changes owner and set-id bits, and for a device type, mode and number, to those of a label. False, with nothing
// changed, if the text is no label.
bool apply_label(std::string_view label, struct stat& info);

// Sets owner and mode of an open file, the owner where the user namespace does not map it by a label. Then the file is
// root's, and has no set-id bits: they would be root's too.
void set_owner_and_mode(int fd, uid_t uid, gid_t gid, mode_t mode);

// The file as its label shows it, if it is in a user namespace and has one. Only a label of ours counts, which root has
// set: a process of a container may label its own files, and those that others may write.
struct stat labelled(const struct stat& info, const std::vector<Attribute>& attributes);

}  // namespace orlop::archive
