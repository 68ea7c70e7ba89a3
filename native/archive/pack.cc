#include "archive/pack.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>

#include <algorithm>
#include <map>
#include <memory>

#include "archive/calls.h"
#include "archive/jail.h"
#include "archive/label.h"
#include "archive/limits.h"
#include "archive/names.h"
#include "archive/whiteout.h"
#include "archive/writer.h"

namespace orlop::archive {

namespace {

// Opens below the directory and on its mount. So no volume is entered or read, in spite of concurrent renames.
constexpr uint64_t kResolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV;

// Sorted as bytes: the order on the disk differs between equal trees.
std::vector<std::string> read_names(int fd) {
  std::vector<std::string> names;
  alignas(dirent64) char buffer[32 << 10];
  for (;;) {
    long size = syscall(SYS_getdents64, fd, buffer, sizeof buffer);
    if (size < 0 && errno != ENOENT) fail("getdents64", errno);
    // The directory was removed meanwhile.
    if (size <= 0) break;
    for (long at = 0; at < size;) {
      const auto* entry = reinterpret_cast<const dirent64*>(buffer + at);
      if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) names.emplace_back(entry->d_name);
      at += entry->d_reclen;
    }
    if (names.size() > kMaxEntries) refuse("too-many-entries");
  }
  std::sort(names.begin(), names.end());
  return names;
}

bool has_attribute(const std::vector<Attribute>& attributes, std::string_view name, std::string_view value) {
  return std::any_of(attributes.begin(), attributes.end(),
                     [&](const Attribute& it) { return it.name == name && it.value == value; });
}

class Packer {
 public:
  Packer(const char* opaque, Output& output, const OwnerIndex& owners)
      : layer_(opaque != nullptr), opaque_(opaque), output_(output), owners_(owners), writer_(output) {}

  [[noreturn]] void run() {
    Fd root(fcntl(kDirectoryFd, F_DUPFD_CLOEXEC, 0));
    if (!root.valid()) fail("fcntl", errno);
    pack_directory(root.get(), "./", 0);
    set_current_entry({});
    writer_.finish();
    check_size();
    succeed(output_.finish(), writer_.entries(), true);
  }

 private:
  // NOLINTBEGIN(misc-no-recursion): the depth is at most kMaxDepth.
  // `name` ends in a slash.
  void pack_directory(int fd, const std::string& name, size_t depth) {
    set_current_entry(name);
    if (depth > kMaxDepth) refuse("too-deep");
    struct stat info;
    if (fstat(fd, &info) != 0) fail("fstat", errno);
    std::vector<Attribute> attributes = read_attributes(fd);
    bool opaque = layer_ && has_attribute(attributes, opaque_, "y");
    struct stat shown = labelled(info, attributes);
    if (depth == 0) shown = owners_.shown_root(shown);
    writer_.header(name, shown, kept(std::move(attributes)));
    const std::string prefix = depth == 0 ? "" : name;
    // First, as the layer format recommends: readers apply it before the other entries of the directory.
    if (opaque) writer_.empty_file(opaque_name(prefix));
    for (const std::string& child : read_names(fd)) pack_child(fd, prefix, child, depth);
  }

  void pack_child(int directory, const std::string& prefix, const std::string& last, size_t depth) {
    const std::string name = prefix + last;
    set_current_entry(name);
    if (name.size() > kMaxPath) refuse("path-too-long");
    // In an archive, this name would be a whiteout.
    if (layer_ && has_whiteout(last)) refuse("whiteout");
    struct stat info;
    if (fstatat(directory, last.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) {
      if (errno == ENOENT) return;
      fail("fstatat", errno);
    }
    if (layer_ && is_whiteout(info)) return writer_.empty_file(whiteout_name(prefix, last));
    if (S_ISSOCK(info.st_mode)) return;  // tar has no sockets, and no process listens on an unpacked one
    if (S_ISDIR(info.st_mode)) {
      Fd fd(open_child(directory, last, O_DIRECTORY));
      if (!fd.valid()) return;
      return pack_directory(fd.get(), name + "/", depth + 1);
    }
    std::string target;
    if (S_ISLNK(info.st_mode) && !read_link(directory, last, target)) return;
    Fd file = S_ISREG(info.st_mode) ? open_child(directory, last, 0) : Fd();
    if (S_ISREG(info.st_mode) && !file.valid()) return;
    // After the entry was written: the target of a hard link must come before the link.
    const struct stat shown = owners_.shown(info, name);
    if (info.st_nlink > 1 && seen_before(name, shown)) return;
    if (file.valid()) return pack_file(file.get(), name);
    writer_.header(name, shown, {}, target);
  }
  // NOLINTEND(misc-no-recursion)

  // Not valid: the entry was removed meanwhile, or a mount of another tree covers it.
  Fd open_child(int directory, const std::string& last, uint64_t flags) {
    Fd fd(open_below(directory, last.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | flags, kResolve));
    if (fd.valid() || errno == EXDEV || errno == ENOENT) return fd;
    if (errno == ELOOP || errno == ENOTDIR) refuse("changed");
    fail("openat2", errno);
  }

  void pack_file(int fd, const std::string& name) {
    struct stat info;
    if (fstat(fd, &info) != 0) fail("fstat", errno);
    if (!S_ISREG(info.st_mode)) refuse("changed");
    check_size();
    std::vector<Attribute> attributes = read_attributes(fd);
    const struct stat shown = labelled(info, attributes);
    if (!S_ISREG(shown.st_mode)) return writer_.header(name, shown, {});
    writer_.header(name, shown, kept(std::move(attributes)));
    // Writes as many bytes as the header says: a growing file is cut there, a shrinking one is an error.
    for (uint64_t left = static_cast<uint64_t>(info.st_size); left > 0;) {
      size_t size = read_some(fd, buffer_.get(), std::min<uint64_t>(left, kBlock));
      if (size == 0) refuse("changed");
      writer_.data(buffer_.get(), size);
      left -= size;
    }
  }

  // Unpacking a layer refuses larger ones.
  void check_size() const {
    if (layer_ && output_.plain_size() > kMaxSize) refuse("too-large", std::to_string(kMaxSize));
  }

  bool seen_before(const std::string& name, const struct stat& info) {
    auto [it, first] = links_.try_emplace({info.st_dev, info.st_ino}, name);
    if (first) return false;
    writer_.hard_link(name, info, it->second);
    return true;
  }

  // False if the entry was removed meanwhile.
  static bool read_link(int directory, const std::string& last, std::string& target) {
    char text[kMaxPath + 1];
    ssize_t size = readlinkat(directory, last.c_str(), text, sizeof text);
    if (size < 0 && errno == ENOENT) return false;
    if (size < 0 && errno == EINVAL) refuse("changed");
    if (size < 0) fail("readlinkat", errno);
    if (static_cast<size_t>(size) > kMaxPath) refuse("link-target");
    target.assign(text, static_cast<size_t>(size));
    return true;
  }

  // Attributes of overlayfs are for this machine. One that says that the content is in another layer is refused: in the
  // archive the content would be missing.
  std::vector<Attribute> kept(std::vector<Attribute> attributes) const {
    for (const Attribute& it : attributes) {
      if (!layer_) break;
      if (is_overlay_attribute(it.name) && (it.name.ends_with(".redirect") || it.name.ends_with(".metacopy"))) {
        refuse("overlay-attribute", it.name);
      }
    }
    std::erase_if(attributes, [](const Attribute& it) {
      Keep keep = keep_attribute(it.name);
      return keep == Keep::kNo || keep == Keep::kRefused;
    });
    return attributes;
  }

  bool layer_;
  const char* opaque_;
  Output& output_;
  const OwnerIndex& owners_;
  Writer writer_;
  std::map<std::pair<dev_t, ino_t>, std::string> links_;
  std::unique_ptr<uint8_t[]> buffer_{new uint8_t[kBlock]};
};

}  // namespace

void pack(const char* opaque, Output& output, const OwnerIndex& owners) {
  Packer packer(opaque, output, owners);
  packer.run();
}

}  // namespace orlop::archive
