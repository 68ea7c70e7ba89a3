#include "launch/outside.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <string_view>

#include "base/pidfd.h"
#include "base/unique_fd.h"

namespace orlop::launch {
namespace {

// The kernel takes a map in one write only. 0 or an errno.
int write_whole(int directory, const char* name, std::string_view text) {
  const UniqueFd fd(openat(directory, name, O_WRONLY | O_CLOEXEC));
  if (!fd) return errno;
  ssize_t written;
  do {
    written = write(fd.get(), text.data(), text.size());
  } while (written < 0 && errno == EINTR);
  return written < 0 ? errno : 0;
}

}  // namespace

Failure write_id_maps(int pidfd, const std::string& uid_map, const std::string& gid_map) {
  const std::string path = "/proc/" + std::to_string(pid_of(pidfd));
  // The directory is held open: should the child die, its number may go to another process, but not this descriptor.
  const UniqueFd process(open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!process) return failed("open", path);
  if (!gid_map.empty()) {
    int error = write_whole(process.get(), "gid_map", gid_map);
    if (error == EPERM) {
      // Its own error counts: another start may have made the memory non-dumpable since, and EACCES is tried again.
      error = write_whole(process.get(), "setgroups", "deny");
      if (error != 0) return {.error = error, .call = "write", .path = path + "/setgroups"};
      error = write_whole(process.get(), "gid_map", gid_map);
    }
    if (error != 0) return {.error = error, .call = "write", .path = path + "/gid_map"};
  }
  if (!uid_map.empty()) {
    const int error = write_whole(process.get(), "uid_map", uid_map);
    if (error != 0) return {.error = error, .call = "write", .path = path + "/uid_map"};
  }
  return {};
}

Failure move_into_cgroup(int pidfd, int cgroup) {
  const int error = write_whole(cgroup, "cgroup.procs", std::to_string(pid_of(pidfd)));
  if (error != 0) return {.error = error, .call = "write", .path = "cgroup.procs"};
  return {};
}

}  // namespace orlop::launch
