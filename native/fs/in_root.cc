#include "fs/in_root.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <climits>
#include <vector>

#include "fs/calls.h"
#include "init/run.h"

namespace orlop::fs {
namespace {

// A walk by name, if openat2(2) is missing or refused (an older kernel, an outer filter). It holds a descriptor of each
// directory on its path, so `..` returns to the parent in spite of renames.
class Walk {
 public:
  Walk(int flags, unsigned mode) : flags_(flags | O_CLOEXEC), mode_(mode) {}

  UniqueFd run(int root, const std::string& path) {
    UniqueFd top = reopen_directory(root);
    if (!top) return {};
    directories_.push_back(std::move(top));
    rest_ = path;
    while (true) {
      std::string name = next();
      if (name.empty()) return UniqueFd(openat(directory(), ".", flags_, mode_));
      if (name == "..") {
        if (directories_.size() > 1) directories_.pop_back();
        continue;
      }
      UniqueFd result;
      if (step(name, &result)) return result;
    }
  }

 private:
  static constexpr int kLinks = 40;  // as the kernel

  int directory() const { return directories_.back().get(); }
  // True if only slashes are left. Even one slash demands a directory, as in `file/`.
  bool last() const { return rest_.find_first_not_of('/') == std::string::npos; }

  std::string next() {
    while (true) {
      size_t start = rest_.find_first_not_of('/');
      if (start == std::string::npos) return {};
      size_t end = rest_.find('/', start);
      std::string name = rest_.substr(start, end == std::string::npos ? end : end - start);
      rest_ = end == std::string::npos ? "" : rest_.substr(end);
      if (name != ".") return name;
    }
  }

  // True when the walk has ended: with a descriptor, or without and errno.
  bool step(const std::string& name, UniqueFd* result) {
    UniqueFd entry(openat(directory(), name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
    if (!entry) return errno != ENOENT || !last() || (flags_ & O_CREAT) == 0 || open_last(name, result);
    struct stat info{};
    if (fstat(entry.get(), &info) != 0) return true;
    if (S_ISLNK(info.st_mode)) {
      if (last() && rest_.empty() && (flags_ & O_NOFOLLOW || (flags_ & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL))) {
        return open_last(name, result);
      }
      return !expand(entry.get());
    }
    if (last() && rest_.empty()) return open_last(name, result);
    if (!S_ISDIR(info.st_mode)) {
      errno = ENOTDIR;
      return true;
    }
    directories_.push_back(std::move(entry));
    return false;
  }

  bool open_last(const std::string& name, UniqueFd* result) {
    if (!rest_.empty()) {
      errno = EISDIR;  // `missing/` with O_CREAT
      return true;
    }
    *result = UniqueFd(openat(directory(), name.c_str(), flags_ | O_NOFOLLOW, mode_));
    return true;
  }

  bool expand(int link) {
    struct statfs fs{};
    if (++links_ > kLinks || fstatfs(link, &fs) != 0 || fs.f_type == PROC_SUPER_MAGIC) {
      errno = ELOOP;
      return false;
    }
    char target[PATH_MAX];
    ssize_t size = readlinkat(link, "", target, sizeof(target));
    if (size <= 0 || size == static_cast<ssize_t>(sizeof(target))) {
      errno = size < 0 ? errno : ENAMETOOLONG;
      return false;
    }
    if (target[0] == '/') directories_.resize(1);
    rest_.insert(0, target, static_cast<size_t>(size));
    if (rest_.size() > 2 * PATH_MAX) {
      errno = ENAMETOOLONG;
      return false;
    }
    return true;
  }

  int flags_;
  unsigned mode_;
  int links_ = 0;
  std::vector<UniqueFd> directories_;
  std::string rest_;
};

}  // namespace

Failure open_in_root(int root, const std::string& path, int flags, unsigned mode, UniqueFd* opened) {
  if (path.empty()) return {ENOENT, "openat2", path};
  if (path.size() >= PATH_MAX) return {ENAMETOOLONG, "openat2", path};
  if (path.find('\0') != std::string::npos) return {EINVAL, "openat2", path};
  if ((flags & O_CREAT) == 0 && (flags & O_TMPFILE) != O_TMPFILE) mode = 0;  // openat2 insists, open does not
  if (may_use(init::kFeatureOpenat2)) {
    *opened = openat2(root, path.c_str(), flags, mode, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV);
    if (*opened) return {};
    // A view of the host in a user namespace has the mounts of the host in it. They are no part of an image.
    if (errno == EXDEV) errno = ENOENT;
    // EAGAIN: concurrent renames, so the kernel cannot resolve `..`.
    if (errno != ENOSYS && errno != EPERM && errno != EAGAIN) return failed("openat2", path);
  }
  *opened = Walk(flags, mode).run(root, path);
  return *opened ? Failure{} : failed("openat", path);
}

}  // namespace orlop::fs
