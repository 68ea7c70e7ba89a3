#include "fs/directory_stack.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "fs/calls.h"

namespace orlop::fs {
void DirectoryStack::start(UniqueFd top) {
  levels_.clear();
  path_.clear();
  levels_.push_back({std::move(top), 0, {}});
}

Failure DirectoryStack::start(int directory) {
  UniqueFd top = reopen_directory(directory);
  if (!top) return failed("openat");
  start(std::move(top));
  return {};
}

Failure DirectoryStack::push(UniqueFd directory, const char* name) {
  if (levels_.size() >= kOpen) {
    Level& old = levels_[levels_.size() - kOpen];
    if (!identify(old.fd.get(), &old.identity)) return failed("statx", path_);
    old.fd.reset();
  }
  levels_.push_back({std::move(directory), path_.size(), {}});
  path_ += '/';
  path_ += name;
  return {};
}

Failure DirectoryStack::pop() {
  Level left = std::move(levels_.back());
  levels_.pop_back();
  if (levels_.empty()) return {};
  path_.resize(left.parent_path);
  Level& top = levels_.back();
  if (top.fd) return {};
  UniqueFd parent(openat(left.fd.get(), "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!parent) return failed("openat", path_);
  Identity identity;
  if (!identify(parent.get(), &identity)) return failed("statx", path_);
  if (!(identity == top.identity)) return {ESTALE, "openat", path_};
  top.fd = std::move(parent);
  return {};
}

bool DirectoryStack::identify(int fd, Identity* identity) {
  struct statx info{};
  if (statx(fd, "", AT_EMPTY_PATH, STATX_INO | STATX_BTIME, &info) != 0) return false;
  identity->device = static_cast<uint64_t>(info.stx_dev_major) << 32 | info.stx_dev_minor;
  identity->inode = info.stx_ino;
  identity->born = info.stx_btime.tv_sec;
  identity->born_ns = info.stx_btime.tv_nsec;
  return true;
}

}  // namespace orlop::fs
