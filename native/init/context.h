// State of one run: values that operations leave for later operations, and the report of a failure.
#pragma once

#include "init/kernel.h"
#include "init/run.h"
#include "init/syscalls.h"
#include "plan/reader.h"

namespace orlop::init {

inline constexpr uint16_t kNoCall = 0xffff;

// Directory of the last mount point.
struct Parent {
  const char* path = nullptr;  // path that begins with this directory
  int length = 0;
  int fd = -1;  // negative: not usable by attach_directly
};

struct Context {
  const Start& start;
  plan::View plan;
  uint16_t last_call = kNoCall;  // the last system call: a failure's `call`
  uint32_t detail = 0;
  int rootfs = -1;        // root directory of the container, from `root` on
  struct statx top = {};  // statx of `rootfs`, once needed
  bool whole = true;      // only this plan has mounted in it
  Parent parent = {};
  uint32_t proc = plan::kNoSlot;      // slot of the mount that `proc` made
  const char* proc_target = nullptr;  // target of that mount
  int scratch = -1;      // the first tmpfs that is attached at a path: older kernels' mounts wait in it for `attach`
  uint32_t places = 0;   // number of mount points made in `scratch`
  int own_fds = -1;      // /proc/self/fd of the host, without close_range
  bool guarded = false;  // other processes can no longer read the shared memory through /proc
  bool pivoted = false;  // the root is the container's, whose /proc is not trusted
  bool no_new_privileges = false;
  plan::Blob filter = {};       // a system-call filter that waits for execve
  uint32_t filter_op = 0;       // index of its record
  bool few_files = false;       // a limit of open files waits for execve
  uint64_t open_files[2] = {};  // soft, hard
  uint32_t open_files_op = 0;
  uint32_t op = 0;  // index of the current record: a failure's `op`

  bool has(uint32_t feature) const { return (start.features & feature) != 0; }

  // True if mounts are made detached. This needs both calls: only mount_setattr can change a detached mount.
  bool detached() const { return has(kFeatureMountApi) && has(kFeatureMountSetattr); }

  // A descriptor of the table, or -EBADF.
  int slot(uint32_t number) const {
    if (number == plan::kNoSlot || number >= plan.header().slots || start.slots[number] < 0) return -EBADF;
    return start.slots[number];
  }

  int fill(uint32_t number, int fd) const {
    if (fd < 0) return fd;
    if (number == plan::kNoSlot || number >= plan.header().slots) return -EBADF;
    start.slots[number] = fd;
    return 0;
  }

  // Makes a system call whose failure is the operation's.
  template <typename... Args>
  long call(long number, Args... args) {
    last_call = static_cast<uint16_t>(number);
    return system_call(number, args...);
  }

  // Refuses without a system call.
  int refuse(int error) {
    last_call = kNoCall;
    return -error;
  }
};

inline void close_fd(int fd) {
  if (fd >= 0) system_call(__NR_close, fd);
}

}  // namespace orlop::init
