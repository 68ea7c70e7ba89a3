#include "fs/copy.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <climits>
#include <map>
#include <vector>

#include "fs/calls.h"
#include "fs/copy_data.h"
#include "fs/directory_stack.h"
#include "fs/listing.h"
#include "fs/xattrs.h"

namespace orlop::fs {
namespace {

// The order matters: chown clears set-id bits and capabilities, a mode rewrites an access list's mask.
Failure copy_attributes(int from, int to, const struct stat& info, const std::string& path) {
  Xattrs xattrs;
  if (Failure failure = read_xattrs(from, path, &xattrs); failure) return failure;
  // In a user namespace, a file of the host may belong to a user that is not mapped: the copy is root's.
  if (fchownat(to, "", info.st_uid, info.st_gid, AT_EMPTY_PATH) != 0 &&
      (errno != EINVAL || in_initial_user_namespace())) {
    return failed("fchownat", path);
  }
  std::string object = descriptor_path(to);
  if (!S_ISLNK(info.st_mode) && chmod(object.c_str(), info.st_mode & 07777) != 0) return failed("chmod", path);
  if (Failure failure = write_xattrs(to, path, xattrs); failure) return failure;
  timespec times[2] = {info.st_atim, info.st_mtim};
  if (utimensat(to, "", times, AT_EMPTY_PATH) != 0) return failed("utimensat", path);
  return {};
}

class TreeCopy {
 public:
  explicit TreeCopy(int destination) : destination_(destination) {}

  Failure run(int source) {
    if (Failure failure = from_.start(source); failure) return failure;
    if (Failure failure = to_.start(destination_); failure) return failure;
    if (Failure failure = prepare_top(); failure) return failure;
    if (Failure failure = enter(); failure) return failure;
    while (from_.depth() > 0) {
      Entry entry;
      Failure failure = listings_.back().next(&entry) ? copy(entry.name) : leave();
      if (failure) return failure;
    }
    return {};
  }

 private:
  using Inode = std::pair<dev_t, ino_t>;
  struct Copied {
    std::string path;
    ino_t inode;
  };

  // A new entry inherits the default access list of its directory, which the source need not have.
  Failure prepare_top() {
    Listing content;
    if (Failure failure = content.read(to_.fd(), to_.path()); failure) return failure;
    Entry entry;
    if (content.next(&entry)) return {ENOTEMPTY, "copy", to_.path_of(entry.name)};
    return remove_xattr(to_.fd(), "", "system.posix_acl_default");
  }

  // Begins the directory on top of both stacks. Its attributes come last, after all its entries.
  Failure enter() {
    struct stat info{};
    if (fstat(from_.fd(), &info) != 0) return failed("fstat", from_.path());
    directories_.push_back(info);
    listings_.emplace_back();
    return listings_.back().read(from_.fd(), from_.path());
  }

  Failure leave() {
    Failure failure = copy_attributes(from_.fd(), to_.fd(), directories_.back(), from_.path());
    if (failure) return failure;
    directories_.pop_back();
    listings_.pop_back();
    if (failure = from_.pop(); failure) return failure;
    return to_.pop();
  }

  Failure copy(const char* name) {
    UniqueFd entry = open_entry(from_.fd(), name, O_PATH);
    // Another mount is no part of the image: only a view of the host in a user namespace has one.
    if (!entry && errno == EXDEV && !in_initial_user_namespace()) return {};
    if (!entry) return errno == ENOENT ? Failure{} : failed("openat2", from_.path_of(name));
    struct stat info{};
    if (fstat(entry.get(), &info) != 0) return failed("fstat", from_.path_of(name));
    if (S_ISDIR(info.st_mode)) return copy_directory(entry.get(), name);
    if (S_ISSOCK(info.st_mode) || (S_ISCHR(info.st_mode) && info.st_rdev == 0)) return {};
    if (info.st_nlink > 1) {
      bool linked = false;
      if (Failure failure = link(info, name, &linked); failure || linked) return failure;
    }
    UniqueFd made;
    Failure failure =
        S_ISREG(info.st_mode) ? copy_file(entry.get(), info, name, &made) : make_node(entry.get(), info, name, &made);
    if (failure) return failure;
    if (failure = copy_attributes(entry.get(), made.get(), info, from_.path_of(name)); failure) return failure;
    return info.st_nlink > 1 ? remember(info, made.get(), name) : Failure{};
  }

  Failure copy_directory(int entry, const char* name) {
    UniqueFd from = reopen_directory(entry);
    if (!from) return failed("openat", from_.path_of(name));
    if (mkdirat(to_.fd(), name, 0700) != 0) return failed("mkdirat", to_.path_of(name));
    UniqueFd to = open_entry(to_.fd(), name, O_RDONLY | O_DIRECTORY);
    if (!to) return failed("openat2", to_.path_of(name));
    if (Failure failure = from_.push(std::move(from), name); failure) return failure;
    if (Failure failure = to_.push(std::move(to), name); failure) return failure;
    return enter();
  }

  Failure copy_file(int entry, const struct stat& info, const char* name, UniqueFd* made) {
    UniqueFd from = reopen(entry, O_RDONLY | O_NONBLOCK);
    if (!from) return failed("open", from_.path_of(name));
    *made = UniqueFd(openat(to_.fd(), name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!*made) return failed("openat", to_.path_of(name));
    return data_.run(from.get(), made->get(), info.st_size, from_.path_of(name));
  }

  // Links, FIFOs and devices.
  Failure make_node(int entry, const struct stat& info, const char* name, UniqueFd* made) {
    if (S_ISLNK(info.st_mode)) {
      char target[PATH_MAX];
      ssize_t size = readlinkat(entry, "", target, sizeof(target) - 1);
      if (size < 0) return failed("readlinkat", from_.path_of(name));
      target[size] = '\0';
      if (symlinkat(target, to_.fd(), name) != 0) return failed("symlinkat", to_.path_of(name));
    } else if (mknodat(to_.fd(), name, (info.st_mode & S_IFMT) | 0600, info.st_rdev) != 0) {
      return failed("mknodat", to_.path_of(name));
    }
    *made = open_entry(to_.fd(), name, O_PATH);
    return *made ? Failure{} : failed("openat2", to_.path_of(name));
  }

  Failure remember(const struct stat& info, int made, const char* name) {
    struct stat copied{};
    if (fstat(made, &copied) != 0) return failed("fstat", to_.path_of(name));
    copied_[{info.st_dev, info.st_ino}] = {to_.path_of(name), copied.st_ino};
    return {};
  }

  // A further name of a file that was copied before.
  Failure link(const struct stat& info, const char* name, bool* linked) {
    auto found = copied_.find({info.st_dev, info.st_ino});
    if (found == copied_.end()) return {};
    UniqueFd first;
    if (Failure failure = find(found->second, &first); failure) return failure;
    std::string object = descriptor_path(first.get());
    if (linkat(AT_FDCWD, object.c_str(), to_.fd(), name, AT_SYMLINK_FOLLOW) != 0) {
      // At the maximum number of names of a file, this name becomes a new copy, and the next names link to it.
      return errno == EMLINK ? Failure{} : failed("linkat", to_.path_of(name));
    }
    *linked = true;
    return {};
  }

  // Part by part, since a deep tree has longer paths than one call takes.
  Failure find(const Copied& copied, UniqueFd* found) {
    UniqueFd at = reopen_directory(destination_);
    for (size_t start = 1; at;) {
      size_t end = copied.path.find('/', start);
      std::string name = copied.path.substr(start, end == std::string::npos ? end : end - start);
      at = open_entry(at.get(), name.c_str(), O_PATH);
      if (end == std::string::npos) break;
      start = end + 1;
    }
    if (!at) return failed("openat2", copied.path);
    struct stat info{};
    if (fstat(at.get(), &info) != 0) return failed("fstat", copied.path);
    if (info.st_ino != copied.inode) return {ESTALE, "openat2", copied.path};
    *found = std::move(at);
    return {};
  }

  DirectoryStack from_;
  DirectoryStack to_;
  int destination_;
  std::vector<Listing> listings_;
  std::vector<struct stat> directories_;
  std::map<Inode, Copied> copied_;
  DataCopy data_;
};

}  // namespace

Failure copy_tree(int source, int destination) { return TreeCopy(destination).run(source); }

}  // namespace orlop::fs
