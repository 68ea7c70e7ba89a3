#include "fs/look.h"

#include <fcntl.h>
#include <linux/limits.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cerrno>

#include "base/unique_fd.h"

namespace orlop::fs {
namespace {

// Path of a descriptor (proc_pid_fd(5)); empty if the file has no path, or was removed.
std::string path_of(int fd) {
  char path[PATH_MAX];
  const ssize_t length = readlink(("/proc/self/fd/" + std::to_string(fd)).c_str(), path, sizeof path);
  if (length <= 0 || path[0] != '/') return "";
  return {path, static_cast<size_t>(length)};
}

}  // namespace

Failure look_at(const std::string& path, Looked* looked) {
  const UniqueFd file(open(path.c_str(), O_PATH | O_CLOEXEC));
  if (!file) return failed("open", path);
  struct stat facts;
  if (fstat(file.get(), &facts) != 0) return failed("fstat", path);
  looked->path = path_of(file.get());
  // A pipe behind a link of procfs, or a file removed meanwhile. Some file systems count no links.
  const bool removed = looked->path.ends_with(" (deleted)") && facts.st_nlink == 0;
  if (looked->path.empty() || removed) return {ENOENT, "open", path};
  looked->device = facts.st_dev;
  looked->inode = facts.st_ino;
  looked->mode = facts.st_mode;
  looked->special = facts.st_rdev;
  struct statfs system;
  if (fstatfs(file.get(), &system) == 0) looked->file_system = system.f_type;
  return {};
}

}  // namespace orlop::fs
