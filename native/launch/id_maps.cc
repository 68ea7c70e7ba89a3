#include "launch/id_maps.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <string_view>

#include "base/pidfd.h"
#include "base/unique_fd.h"

namespace orlop::launch {
namespace {

// Writes a file in one write, as the kernel demands for a map. 0 or an errno.
int write_whole(int directory, const char* name, std::string_view text) {
  const UniqueFd fd(openat(directory, name, O_WRONLY | O_CLOEXEC));
  if (!fd) return errno;
  ssize_t written;
  do {
    written = write(fd.get(), text.data(), text.size());
  } while (written < 0 && errno == EINTR);
  return written < 0 ? errno : 0;
}

// True from the end of the process on, also while it waits to be reaped.
bool has_ended(int pidfd) {
  pollfd process = {pidfd, POLLIN, 0};
  return poll(&process, 1, 0) > 0;
}

// A procfs mounted with `hidepid` answers ENOENT where others answer EACCES, which is repeated. For a child that has
// ended, it would be repeated in vain.
Failure seen(Failure failure, int pidfd) {
  if (failure.error == ENOENT && send_signal(pidfd, 0) == 0) failure.error = EACCES;
  if (failure.error == EACCES && has_ended(pidfd)) failure.error = ESRCH;
  return failure;
}

Failure write_maps(const std::string& path, IdMaps& maps) {
  // The descriptor of the directory stays with this child: if the child dies, its PID may go to another process.
  const UniqueFd process(open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!process) return failed("open", path);
  if (!maps.gid_map.empty() && !maps.gid_written) {
    int error = write_whole(process.get(), "gid_map", maps.gid_map);
    if (error == EPERM) {
      // The error of `setgroups` counts: another start may have made the memory non-dumpable since, and EACCES is
      // repeated.
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
  // 0: the child is gone, or there is no procfs. A written 0 would move the writer, this program.
  const int error = pid == 0 ? ESRCH : write_whole(cgroup, "cgroup.procs", std::to_string(pid));
  if (error != 0) return {.error = error, .call = "write", .path = "cgroup.procs"};
  return {};
}

}  // namespace orlop::launch
