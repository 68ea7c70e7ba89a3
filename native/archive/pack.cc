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
#include "archive/limits.h"
#include "archive/names.h"
#include "archive/whiteout.h"
#include "archive/writer.h"

namespace orlop::archive {

namespace {

// Opens below the one directory and on its mount: a volume is neither entered nor read, in spite of concurrent renames.
constexpr uint64_t kResolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV;

// Sorted as bytes, so that the order is that of the names and not of the disk.
std::vector<std::string> read_names(int fd) {
  std::vector<std::string> names;
  alignas(dirent64) char buffer[32 << 10];
  for (;;) {
    long size = syscall(SYS_getdents64, fd, buffer, sizeof buffer);
    if (size < 0 && errno != ENOENT) fail("getdents64", errno);
    // A directory that has been removed meanwhile holds nothing.
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
  Packer(bool layer, Output& output) : layer_(layer), output_(output), writer_(output) {}

  [[noreturn]] void run() {
    Fd root(fcntl(kDirectoryFd, F_DUPFD_CLOEXEC, 0));
    if (!root.valid()) fail("fcntl", errno);
    pack_directory(root.get(), "./", 0);
    set_current_entry({});
    writer_.finish();
    check_size();
    succeed(output_.finish(), writer_.entries());
  }

 private:
  // `name` ends in a slash.
  void pack_directory(int fd, const std::string& name, size_t depth) {
    set_current_entry(name);
    if (depth > kMaxDepth) refuse("too-deep");
    struct stat info;
    if (fstat(fd, &info) != 0) fail("fstat", errno);
    std::vector<Attribute> attributes = read_attributes(fd);
    bool opaque = layer_ && has_attribute(attributes, kOpaqueAttribute, "y");
    writer_.header(name, info, kept(std::move(attributes)));
    const std::string prefix = depth == 0 ? "" : name;
    // First, as the layer format recommends: readers apply it before the new content of the directory.
    if (opaque) writer_.empty_file(opaque_name(prefix));
    for (const std::string& child : read_names(fd)) pack_child(fd, prefix, child, depth);
  }

  void pack_child(int directory, const std::string& prefix, const std::string& last, size_t depth) {
    const std::string name = prefix + last;
    set_current_entry(name);
    if (name.size() > kMaxPath) refuse("path-too-long");
    // Read back, it would mean something else.
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
    // Only now: the target of a hard link must be in the archive first.
    if (info.st_nlink > 1 && seen_before(name, info)) return;
    if (file.valid()) return pack_file(file.get(), name);
    writer_.header(name, info, {}, target);
  }

  // Not valid: the entry was removed, or a mount covers it, which belongs to another tree. A concurrent removal gives
  // the archive that a later run would give.
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
    writer_.header(name, info, kept(read_attributes(fd)));
    // Writes as many bytes as the header says: a growing file is cut there, a shrinking one is an error.
    for (uint64_t left = static_cast<uint64_t>(info.st_size); left > 0;) {
      size_t size = read_some(fd, buffer_.get(), std::min<uint64_t>(left, kBlock));
      if (size == 0) refuse("changed");
      writer_.data(buffer_.get(), size);
      left -= size;
    }
  }

  // A layer will be unpacked again, on this host or another.
  void check_size() const {
    if (layer_ && output_.plain_size() > kMaxSize) refuse("too-large", std::to_string(kMaxSize));
  }

  bool seen_before(const std::string& name, const struct stat& info) {
    auto [it, first] = links_.try_emplace({info.st_dev, info.st_ino}, name);
    if (first) return false;
    writer_.hard_link(name, info, it->second);
    return true;
  }

  // False when nothing is there any more.
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

  // Marks of overlayfs belong to this machine. A mark that says "the content is elsewhere" is refused: without it the
  // content would be missing.
  std::vector<Attribute> kept(std::vector<Attribute> attributes) const {
    for (const Attribute& it : attributes) {
      if (!layer_) break;
      if (it.name == "trusted.overlay.redirect" || it.name == "trusted.overlay.metacopy") {
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
  Output& output_;
  Writer writer_;
  std::map<std::pair<dev_t, ino_t>, std::string> links_;
  std::unique_ptr<uint8_t[]> buffer_{new uint8_t[kBlock]};
};

}  // namespace

void pack(bool layer, Output& output) {
  Packer packer(layer, output);
  packer.run();
}

}  // namespace orlop::archive
