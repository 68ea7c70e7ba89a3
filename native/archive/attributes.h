// Extended attributes that are kept from an archive to the disk, and from the disk to an archive.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace orlop::archive {

struct Attribute {
  std::string name;
  std::string value;  // bytes
};

enum class Keep { kYes, kTrusted, kNo, kRefused };
// kTrusted: needs CAP_SYS_ADMIN, which only the broker has. kNo: labels of one host's policy, meaningless elsewhere.
// kRefused: overlayfs would take it for its own record.
Keep keep_attribute(std::string_view name);

// overlayfs' own names, of a privileged mount or of a user's.
bool is_overlay_attribute(std::string_view name);

// Marks of an opaque directory, for mounts of root and for mounts in a user namespace.
inline constexpr const char* kTrustedOpaque = "trusted.overlay.opaque";
inline constexpr const char* kUserOpaque = "user.overlay.opaque";

// The process is in a user namespace of an ordinary user: it has no `trusted.*`. `one_id`: no owner but root.
void note_user_namespace(bool one_id);
bool in_user_namespace();
bool has_one_id();

// All attributes of an open file or directory, sorted by name.
std::vector<Attribute> read_attributes(int fd);

// Sets the attributes that `keep_attribute` allows on an open file or directory.
class Broker;
void write_attributes(int fd, const std::vector<Attribute>& attributes, const Broker* broker);

}  // namespace orlop::archive
