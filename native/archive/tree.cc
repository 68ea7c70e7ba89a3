#include "archive/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include "archive/broker.h"
#include "archive/label.h"
#include "archive/limits.h"
#include "archive/names.h"
#include "archive/report.h"
#include "archive/whiteout.h"
#include "fs/remove.h"

namespace orlop::archive {

namespace {

// Mode of a directory without an entry in the archive.
constexpr mode_t kImpliedMode = 0755;

// False: there is no such file.
bool look(int directory, const std::string& last, struct stat& info) {
  if (fstatat(directory, last.c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0) return true;
  if (errno != ENOENT) fail("fstatat", errno);
  return false;
}

Fd open_child(int directory, const std::string& last) {
  Fd fd(open_below(directory, last.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW,
                   RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS));
  if (!fd.valid()) fail("openat2", errno);
  return fd;
}

}  // namespace

Tree::Tree(const Options& options) : options_(options) {
  if (options.layer) inherit(options.root, ".");
  if (!options.keep_metadata || options.layer) return;
  // Mode of the root without an entry in the archive: a staging directory is private, a root file system is not.
  if (fchown(options.root, 0, 0) != 0) fail("fchown", errno);
  if (fchmod(options.root, kImpliedMode) != 0) fail("fchmod", errno);
}

Fd Tree::open_directory(const std::string& name) const {
  uint64_t resolve = RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV;
  resolve |= options_.follow_parents ? RESOLVE_IN_ROOT : RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS;
  return Fd(open_below(options_.root, name.empty() ? "." : name.c_str(), O_RDONLY | O_DIRECTORY, resolve));
}

// Makes the missing components, one after the other. Refuses a component that is no directory, except a whiteout: a
// directory after a whiteout is a new one.
Fd Tree::make_directories(const std::string& name) {
  Fd directory = open_directory("");
  if (!directory.valid()) fail("openat2", errno);
  for (size_t end = 0; end != std::string::npos;) {
    size_t start = end == 0 ? 0 : end + 1;
    end = name.find('/', start);
    std::string path = name.substr(0, end);
    Fd next = open_directory(path);
    if (!next.valid()) {
      if (errno == ELOOP || errno == EXDEV) refuse("not-a-directory", path);
      if (errno != ENOENT && errno != ENOTDIR) fail("openat2", errno);
      std::string last = split_name(path).last;
      struct stat info;
      const bool hidden = look(directory.get(), last, info);
      if (hidden && !is_whiteout(info)) refuse(S_ISLNK(info.st_mode) ? "dangling" : "not-a-directory", path);
      make_directory(directory.get(), last, kImpliedMode);
      next = open_child(directory.get(), last);
      if (!hidden) inherit(next.get(), path);
    }
    directory = std::move(next);
  }
  return directory;
}

int Tree::parent(const std::string& name) {
  if (cached_.valid() && cached_name_ == name) return cached_.get();
  Fd directory = open_directory(name);
  if (!directory.valid()) directory = make_directories(name);
  cached_ = std::move(directory);
  cached_name_ = name;
  return cached_.get();
}

void Tree::clear(int directory, const std::string& last) {
  if (Failure failure = fs::remove_tree(directory, last); failure) fail(failure.call, failure.error);
  // Never equal to a clean name. The descriptor stays open for the entry in work.
  cached_name_ = "/";
}

template <typename Make>
int Tree::make_new(int directory, const std::string& last, Make make) {
  int result = make();
  if (result >= 0 || errno != EEXIST) return result;
  clear(directory, last);
  return make();
}

// A directory, new or existing. In a layer, one that takes the place of a whiteout or of another file is opaque: what
// it replaces hid the directory of the layers below.
void Tree::make_directory(int directory, const std::string& last, mode_t mode) {
  if (!options_.keep_metadata) mode = 0700;
  if (mkdirat(directory, last.c_str(), mode) == 0) return;
  if (errno != EEXIST) fail("mkdirat", errno);
  struct stat info;
  if (!look(directory, last, info)) fail("fstatat", ENOENT);
  if (S_ISDIR(info.st_mode)) return;
  clear(directory, last);
  if (mkdirat(directory, last.c_str(), mode) != 0) fail("mkdirat", errno);
  if (options_.layer && options_.broker != nullptr) options_.broker->set_opaque(open_child(directory, last).get());
}

void Tree::inherit(int directory, const std::string& name) const {
  if (options_.below < 0) return;
  const Fd lower(open_below(options_.below, name.c_str(), O_RDONLY | O_DIRECTORY,
                            RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV));
  struct stat info;
  if (!lower.valid() || fstat(lower.get(), &info) != 0) return;
  if (in_user_namespace()) info = labelled(info, read_attributes(lower.get()));
  set_owner_and_mode(directory, info.st_uid, info.st_gid, info.st_mode);
}

void Tree::directory(const std::string& name, const Metadata& metadata, const std::vector<Attribute>& attributes) {
  Fd self;
  if (name.empty()) {
    self = open_directory("");
    if (!self.valid()) fail("openat2", errno);
  } else {
    Split split = split_name(name);
    int directory = parent(split.parent);
    make_directory(directory, split.last, 0700);
    self = open_child(directory, split.last);
  }
  if (!options_.keep_metadata) return;
  set_owner_and_mode(self.get(), metadata.uid, metadata.gid, metadata.mode);
  write_attributes(self.get(), attributes, options_.broker);
  times_bytes_ += name.size() + sizeof(Times);
  if (times_bytes_ > kMaxDirectoryBytes) refuse("too-many-entries");
  struct stat info;
  if (fstat(self.get(), &info) != 0) fail("fstat", errno);
  times_.push_back({name, info.st_ino, metadata.modified});
}

Fd Tree::file(const std::string& name) {
  Split split = split_name(name);
  int directory = parent(split.parent);
  Fd fd(make_new(directory, split.last, [&] {
    return open_below(directory, split.last.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_NONBLOCK,
                      RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS);
  }));
  if (!fd.valid()) fail("openat2", errno);
  return fd;
}

// The owner first: a change of the owner clears set-id bits and security.capability.
void Tree::finish_file(int fd, const Metadata& metadata, const std::vector<Attribute>& attributes) {
  if (!options_.keep_metadata) {
    if (fchmod(fd, 0600) != 0) fail("fchmod", errno);
    return;
  }
  set_owner_and_mode(fd, metadata.uid, metadata.gid, metadata.mode);
  write_attributes(fd, attributes, options_.broker);
  const timespec times[2] = {metadata.modified, metadata.modified};
  if (futimens(fd, times) != 0) fail("utimensat", errno);
}

void Tree::symlink(const std::string& name, const std::string& target, const Metadata& metadata) {
  Split split = split_name(name);
  if (!options_.follow_parents && !stays_inside(split.parent, target)) refuse("link-out", target);
  int directory = parent(split.parent);
  auto make = [&] { return symlinkat(target.c_str(), directory, split.last.c_str()); };
  if (make_new(directory, split.last, make) != 0) fail("symlinkat", errno);
  finish_node(directory, split.last, metadata);
}

void Tree::node(const std::string& name, mode_t type, dev_t device, const Metadata& metadata) {
  if (S_ISCHR(type) && device == kWhiteoutDevice) refuse("whiteout-device");
  Split split = split_name(name);
  int directory = parent(split.parent);
  auto make = [&] { return mknodat(directory, split.last.c_str(), type | metadata.mode, device); };
  if (make_new(directory, split.last, make) != 0) {
    if (errno == EPERM && in_user_namespace()) return device_as_file(name, type, device, metadata);
    fail("mknodat", errno);
  }
  finish_node(directory, split.last, metadata);
}

// A user namespace makes no devices.
void Tree::device_as_file(const std::string& name, mode_t type, dev_t device, const Metadata& metadata) {
  const Fd made = file(name);
  struct stat info{};
  info.st_uid = metadata.uid;
  info.st_gid = metadata.gid;
  info.st_mode = type | metadata.mode;
  info.st_rdev = device;
  const std::string label = format_label(info);
  if (fsetxattr(made.get(), kLabel, label.data(), label.size(), 0) != 0) fail("fsetxattr", errno);
  const timespec times[2] = {metadata.modified, metadata.modified};
  if (futimens(made.get(), times) != 0) fail("utimensat", errno);
}

// The mode was set at creation (the umask is 0): a device or FIFO must not be opened for chmod.
void Tree::finish_node(int directory, const std::string& last, const Metadata& metadata) {
  if (!options_.keep_metadata) return;
  const bool mapped = fchownat(directory, last.c_str(), metadata.uid, metadata.gid, AT_SYMLINK_NOFOLLOW) == 0;
  // In a user namespace that does not map their owner, root has them.
  if (!mapped && (errno != EINVAL || !in_user_namespace())) fail("fchownat", errno);
  struct stat info;
  if (options_.owners >= 0 && look(directory, last, info)) owners_.note(info, metadata.uid, metadata.gid, mapped);
  const timespec times[2] = {metadata.modified, metadata.modified};
  if (utimensat(directory, last.c_str(), times, AT_SYMLINK_NOFOLLOW) != 0) fail("utimensat", errno);
}

void Tree::hard_link(const std::string& name, const std::string& target) {
  Split from = split_name(target);
  Fd source = open_directory(from.parent);
  if (!source.valid()) refuse("link-missing", target);
  struct stat info;
  if (!look(source.get(), from.last, info) || is_whiteout(info)) refuse("link-missing", target);
  if (S_ISDIR(info.st_mode)) refuse("link-directory", target);
  if (!options_.keep_metadata && !S_ISREG(info.st_mode)) refuse("not-a-plain-file", target);
  Split to = split_name(name);
  int directory = parent(to.parent);
  auto make = [&] { return linkat(source.get(), from.last.c_str(), directory, to.last.c_str(), 0); };
  if (make() == 0) return;
  if (errno != EEXIST) fail("linkat", errno);
  struct stat old;
  // A link to itself, or the same link again: removing the old name first could remove the last name of the file.
  if (look(directory, to.last, old) && old.st_ino == info.st_ino && old.st_dev == info.st_dev) return;
  clear(directory, to.last);
  if (make() == 0) return;
  // The old name was a directory, and held the target.
  if (errno == ENOENT) refuse("link-missing", target);
  fail("linkat", errno);
}

void Tree::whiteout(const std::string& name) {
  Split split = split_name(name);
  int directory = parent(split.parent);
  if (link_whiteout(directory, split.last)) return;
  if (mknodat(directory, split.last.c_str(), S_IFCHR, kWhiteoutDevice) == 0) {
    whiteout_directory_ = open_directory(split.parent);
    whiteout_name_ = split.last;
    return;
  }
  if (errno != EEXIST) fail("mknodat", errno);
  struct stat info;
  // The archive has this name too, and a whiteout is about the layers below: a directory becomes opaque, any other file
  // hides them anyway.
  if (!look(directory, split.last, info) || !S_ISDIR(info.st_mode) || options_.broker == nullptr) return;
  options_.broker->set_opaque(open_child(directory, split.last).get());
}

// Makes a whiteout as a link to the last one, as overlayfs does: an inode for each deletion would cost more. False if
// that is not possible: the name of the last one was replaced, or it has as many links as the file system allows.
bool Tree::link_whiteout(int directory, const std::string& last) {
  struct stat info;
  if (!whiteout_directory_.valid()) return false;
  if (fstatat(whiteout_directory_.get(), whiteout_name_.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) return false;
  return is_whiteout(info) &&
         linkat(whiteout_directory_.get(), whiteout_name_.c_str(), directory, last.c_str(), 0) == 0;
}

void Tree::opaque(const std::string& directory) {
  int fd = parent(directory);
  if (options_.broker != nullptr) options_.broker->set_opaque(fd);
}

void Tree::finish() {
  for (const Times& entry : times_) {
    set_current_entry(entry.name);
    Fd fd = open_directory(entry.name);
    if (!fd.valid()) {
      if (errno == ENOENT || errno == ENOTDIR || errno == ELOOP) continue;  // a later entry replaced it
      fail("openat2", errno);
    }
    struct stat info;
    if (fstat(fd.get(), &info) != 0) fail("fstat", errno);
    if (info.st_ino != entry.inode) continue;  // the name leads to another directory now
    const timespec times[2] = {entry.modified, entry.modified};
    if (futimens(fd.get(), times) != 0) fail("utimensat", errno);
  }
  set_current_entry({});
  if (options_.owners >= 0) owners_.write(options_.root, options_.owners);
}

}  // namespace orlop::archive
