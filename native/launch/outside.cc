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

// A procfs mounted with `hidepid` hides what it would refuse elsewhere.
Failure seen(Failure failure, int pidfd) {
  if (failure.error == ENOENT && send_signal(pidfd, 0) == 0) failure.error = EACCES;
  return failure;
}

Failure write_maps(const std::string& path, IdMaps& maps) {
  // The directory is held open: should the child die, its number may go to another process, but not this descriptor.
  const UniqueFd process(open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!process) return failed("open", path);
  if (!maps.gid_map.empty() && !maps.gid_written) {
    int error = write_whole(process.get(), "gid_map", maps.gid_map);
    if (error == EPERM) {
      // Its own error counts: another start may have made the memory non-dumpable since, and EACCES is tried again.
      error = write_whole(process.get(), "setgroups", "deny");
      if (error != 0) return {.error = error, .call = "write", .path = path + "/setgroups"};
      error = write_whole(process.get(), "gid_map", maps.gid_map);
    }
    if (error != 0) return {.error = error, .call = "write", .path = path + "/gid_map"};
    maps.gid_written = true;
  }
  if (!maps.uid_map.empty()) {
    const int error = write_whole(process.get(), "uid_map", maps.uid_map);
    if (error != 0) return {.error = error, .call = "write", .path = path + "/uid_map"};
  }
  return {};
}

}  // namespace

Failure write_id_maps(int pidfd, IdMaps& maps) {
  return seen(write_maps("/proc/" + std::to_string(pid_of(pidfd)), maps), pidfd);
}

Failure move_into_cgroup(int pidfd, int cgroup) {
  const pid_t pid = pid_of(pidfd);
  // Where it is gone, or no procfs says who it is. A written 0 is the writer: this program would be moved.
  const int error = pid == 0 ? ESRCH : write_whole(cgroup, "cgroup.procs", std::to_string(pid));
  if (error != 0) return {.error = error, .call = "write", .path = "cgroup.procs"};
  return {};
}

}  // namespace orlop::launch
