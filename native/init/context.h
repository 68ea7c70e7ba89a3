// The state of one run: what operations leave for those after them, and what a failure will be reported with.
#pragma once

#include "init/kernel.h"
#include "init/run.h"
#include "init/syscalls.h"
#include "plan/reader.h"

namespace orlop::init {

inline constexpr uint16_t kNoCall = 0xffff;

// The directory of the mount point that was found last.
struct Parent {
  const char* path = nullptr;  // begins with it
  int length = 0;
  int fd = -1;  // negative where it is none for attach_directly
};

struct Context {
  const Start& start;
  plan::View plan;
  uint16_t last_call = kNoCall;  // the system call that was made last: a failure's `call`
  uint32_t detail = 0;
  int rootfs = -1;        // root directory of the container, from `root` on
  struct statx top = {};  // of it, once somebody has asked
  bool whole = true;      // all that is mounted in it, this plan has mounted
  Parent parent = {};
  uint32_t proc = plan::kNoSlot;      // the tree that `proc` made
  const char* proc_target = nullptr;  // and its place
  int scratch = -1;      // the first tmpfs that is attached at a path: where older kernels' mounts wait for `attach`
  uint32_t places = 0;   // directories and files made in it
  int own_fds = -1;      // /proc/self/fd of the host, where close_range is missing
  bool guarded = false;  // the shared memory can no longer be read through /proc by others
  bool pivoted = false;  // the root is the container's: its /proc is not to be trusted
  bool no_new_privileges = false;
  plan::Blob filter = {};       // a system-call filter that waits for execve
  uint32_t filter_op = 0;       // the record that it came with
  bool few_files = false;       // a limit of open files that waits for execve
  uint64_t open_files[2] = {};  // soft, hard
  uint32_t open_files_op = 0;
  uint32_t op = 0;  // index of the record that runs: a failure's `op`

  bool has(uint32_t feature) const { return (start.features & feature) != 0; }

  // Whether mounts are made detached. It takes both: what is detached can be changed by mount_setattr only.
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

  // A system call whose failure is the operation's.
  template <typename... Args>
  long call(long number, Args... args) {
    last_call = static_cast<uint16_t>(number);
    return system_call(number, args...);
  }

  // A refusal of our own.
  int refuse(int error) {
    last_call = kNoCall;
    return -error;
  }
};

inline void close_fd(int fd) {
  if (fd >= 0) system_call(__NR_close, fd);
}

}  // namespace orlop::init
