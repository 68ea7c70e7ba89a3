#include "fs/quota.h"

#include <fcntl.h>
#include <linux/dqblk_xfs.h>
#include <linux/fs.h>
#include <linux/quota.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <functional>

#include "base/unique_fd.h"

namespace orlop::fs {
namespace {

constexpr uint64_t kBlock = 1024;  // of a limit, quotactl(2)

// Far from the numbers that people and other programs count up from 1.
constexpr uint32_t kFirstProject = 1U << 30;

constexpr uint32_t kAttempts = 64;

UniqueFd open_directory(int at, const char* path) {
  return UniqueFd(openat(at, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
}

// quotactl(2) would take the path of the device.
int quotactl_at(const UniqueFd& directory, int command, uint32_t project, void* data) {
  return static_cast<int>(syscall(__NR_quotactl_fd, directory.get(), QCMD(command, PRJQUOTA), project, data));
}

bool is_enforced(const UniqueFd& directory) {
  fs_quota_statv state{};
  state.qs_version = FS_QSTATV_VERSION1;
  return quotactl_at(directory, Q_XGETQSTATV, 0, &state) == 0 && (state.qs_flags & FS_QUOTA_PDQ_ENFD) != 0;
}

// False with errno 0 for one in use.
bool is_free(const UniqueFd& directory, uint32_t project) {
  if_dqblk quota{};
  if (quotactl_at(directory, Q_GETQUOTA, project, &quota) != 0) return errno == ENOENT;
  errno = 0;
  return quota.dqb_bhardlimit == 0 && quota.dqb_ihardlimit == 0 && quota.dqb_curinodes == 0;
}

bool set_bounds(const UniqueFd& directory, uint32_t project, uint64_t bytes, uint64_t inodes) {
  if_dqblk quota{};
  quota.dqb_bhardlimit = bytes / kBlock;
  quota.dqb_ihardlimit = inodes;
  quota.dqb_valid = QIF_LIMITS;
  return quotactl_at(directory, Q_SETQUOTA, project, &quota) == 0;
}

// What is made in the directory later inherits the project.
bool join_project(const UniqueFd& directory, uint32_t project) {
  fsxattr attributes{};
  if (ioctl(directory.get(), FS_IOC_FSGETXATTR, &attributes) != 0) return false;
  attributes.fsx_projid = project;
  attributes.fsx_xflags |= FS_XFLAG_PROJINHERIT;
  return ioctl(directory.get(), FS_IOC_FSSETXATTR, &attributes) == 0;
}

uint32_t project_of(const UniqueFd& directory) {
  fsxattr attributes{};
  if (ioctl(directory.get(), FS_IOC_FSGETXATTR, &attributes) != 0) return 0;
  return (attributes.fsx_xflags & FS_XFLAG_PROJINHERIT) != 0 ? attributes.fsx_projid : 0;
}

// A layer inherits the project of the directory that it was made in, whose bounds are not those of the layer.
bool is_inherited(const UniqueFd& layer, uint32_t project) {
  const UniqueFd parent = open_directory(layer.get(), "..");
  return !parent || project_of(parent) == project;
}

}  // namespace

Failure require_project_quota(const std::string& path) {
  const UniqueFd directory = open_directory(AT_FDCWD, path.c_str());
  if (!directory) return failed("open", path);
  if (!is_enforced(directory)) return {EOPNOTSUPP, "quotactl_fd", path};
  // What lies here counts for that project, and a rename between projects is refused.
  if (project_of(directory) != 0) return {EXDEV, "ioctl", path};
  if_dqblk quota{};
  if (quotactl_at(directory, Q_GETQUOTA, kFirstProject, &quota) == 0 || errno == ENOENT) return {};
  return failed("quotactl_fd", path);
}

Failure limit_layer(const std::string& path, uint64_t bytes, uint64_t inodes) {
  const UniqueFd layer = open_directory(AT_FDCWD, path.c_str());
  if (!layer) return failed("open", path);
  uint32_t project = project_of(layer);
  if (project != 0) {
    if (is_inherited(layer, project)) return {EXDEV, "ioctl", path};
    return set_bounds(layer, project, bytes, inodes) ? Failure{} : failed("quotactl_fd", path);
  }
  const auto wanted = static_cast<uint32_t>(std::hash<std::string>{}(path));
  for (uint32_t attempt = 0; project == 0; ++attempt) {
    if (attempt == kAttempts) return {EBUSY, "quotactl_fd", path};
    const uint32_t one = kFirstProject | ((wanted + attempt) & (kFirstProject - 1));
    if (is_free(layer, one)) {
      project = one;
    } else if (errno != 0) {
      return failed("quotactl_fd", path);
    }
  }
  if (!set_bounds(layer, project, bytes, inodes)) return failed("quotactl_fd", path);
  for (const char* name : {"diff", "work", "."}) {
    const UniqueFd directory = open_directory(layer.get(), name);
    if (!directory || !join_project(directory, project)) {
      const Failure failure = failed("ioctl", path);
      set_bounds(layer, project, 0, 0);
      return failure;
    }
  }
  return {};
}

Failure unlimit_layer(const std::string& path) {
  const UniqueFd layer = open_directory(AT_FDCWD, path.c_str());
  if (!layer) return errno == ENOENT ? Failure{} : failed("open", path);
  const uint32_t project = project_of(layer);
  if (project == 0 || is_inherited(layer, project) || set_bounds(layer, project, 0, 0)) return {};
  return failed("quotactl_fd", path);
}

}  // namespace orlop::fs
