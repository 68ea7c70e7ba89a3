#include "archive/label.h"

#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <memory>
#include <optional>

#include "archive/report.h"

namespace orlop::archive {
namespace {

std::string octal(mode_t mode) {
  char digits[16];
  return {digits, std::to_chars(digits, digits + sizeof digits, mode, 8).ptr};
}

// Takes a number up to `end`, which is taken too; 0: the end of the text.
std::optional<uint32_t> take_number(std::string_view& text, char end, int base) {
  uint32_t number = 0;
  const char* const first = std::to_address(text.begin());
  const char* const last = first + text.size();
  const auto [at, error] = std::from_chars(first, last, number, base);
  if (error != std::errc{} || (at == last ? end != 0 : *at != end)) return std::nullopt;
  text.remove_prefix(static_cast<size_t>(at - first) + (at == last ? 0 : 1));
  return number;
}

bool take_device(std::string_view text, struct stat& info) {
  const bool character = text.starts_with("char-");
  if (!character && !text.starts_with("block-")) return false;
  text.remove_prefix(text.find('-') + 1);
  const auto major_number = take_number(text, '-', 10);
  const auto minor_number = take_number(text, 0, 10);
  if (!major_number || !minor_number) return false;
  info.st_mode = (info.st_mode & 07777) | (character ? S_IFCHR : S_IFBLK);
  info.st_rdev = makedev(*major_number, *minor_number);
  return true;
}

}  // namespace

std::string format_label(const struct stat& info) {
  std::string label =
      std::to_string(info.st_uid) + ":" + std::to_string(info.st_gid) + ":0" + octal(info.st_mode & 07777);
  if (!S_ISCHR(info.st_mode) && !S_ISBLK(info.st_mode)) return label;
  label += S_ISCHR(info.st_mode) ? ":char-" : ":block-";
  return label + std::to_string(major(info.st_rdev)) + "-" + std::to_string(minor(info.st_rdev));
}

bool apply_label(std::string_view label, struct stat& info) {
  const auto uid = take_number(label, ':', 10);
  const auto gid = take_number(label, ':', 10);
  const bool device = label.find(':') != std::string_view::npos;
  const auto mode = take_number(label, device ? ':' : '\0', 8);
  if (!uid || !gid || !mode) return false;
  struct stat changed = info;
  changed.st_uid = *uid;
  changed.st_gid = *gid;
  changed.st_mode |= *mode & 06000;
  if (device) {
    changed.st_mode = *mode & 07777;
    if (!take_device(label, changed)) return false;
  }
  info = changed;
  return true;
}

void set_owner_and_mode(int fd, uid_t uid, gid_t gid, mode_t mode) {
  // The owner first: a change of the owner clears set-id bits.
  const bool mapped = fchown(fd, uid, gid) == 0;
  if (!mapped && (errno != EINVAL || !in_user_namespace())) fail("fchown", errno);
  if (fchmod(fd, mapped ? mode & 07777 : mode & 01777) != 0) fail("fchmod", errno);
  if (mapped) {
    // Of an earlier entry of the same directory.
    if (in_user_namespace() && fremovexattr(fd, kLabel) != 0 && errno != ENODATA && errno != EOPNOTSUPP) {
      fail("fremovexattr", errno);
    }
    return;
  }
  struct stat info{};
  info.st_uid = uid;
  info.st_gid = gid;
  info.st_mode = mode & 07777;
  const std::string label = format_label(info);
  if (fsetxattr(fd, kLabel, label.data(), label.size(), 0) != 0) fail("fsetxattr", errno);
}

struct stat labelled(const struct stat& info, const std::vector<Attribute>& attributes) {
  struct stat shown = info;
  const bool ours = info.st_uid == 0 && (has_one_id() || (info.st_mode & 022) == 0);
  if (!in_user_namespace() || !ours) return shown;
  for (const Attribute& attribute : attributes) {
    if (attribute.name == kLabel) (void)apply_label(attribute.value, shown);
  }
  // Only an empty file stands for a device.
  if (!S_ISREG(shown.st_mode) && !S_ISDIR(shown.st_mode) && (!S_ISREG(info.st_mode) || info.st_size > 0)) return info;
  return shown;
}

}  // namespace orlop::archive
