// The guard of a container without a PID namespace, whose end the kernel would make the end of all its processes. The
// guard ends what is left in the container's control group: after the application, and after the program.
#include <linux/errno.h>
#include <linux/poll.h>
#include <linux/prctl.h>

#include "init/kernel.h"
#include "init/syscalls.h"
#include "init/text.h"
#include "orlop-init/main.h"

namespace orlop::orlop_init {
namespace {

using init::system_call;

inline constexpr int kLease = 0;  // a pipe; the program has the other end
inline constexpr int kGroup = 1;  // directory of the control group
inline constexpr int kKill = 9;   // SIGKILL
inline constexpr int kBlock = 0;  // SIG_BLOCK
inline constexpr uint32_t kBatch = 256;
inline constexpr int64_t kMillisecond = 1'000'000;

struct Member {
  int pid;
  int pidfd;
  bool confirmed;  // a member of the group after its pidfd was opened
};

// Not on the stack: pages that are not touched cost no memory.
struct Memory {
  char chunk[4096];
  Member members[kBatch];
};
// No code would run an initialiser.
constinit Memory memory = {};

int open_file(const char* name, int flags) {
  return static_cast<int>(system_call(__NR_openat, kGroup, name, flags | O_CLOEXEC | O_NOFOLLOW, 0));
}

bool write_file(const char* name, const char* text) {
  const int file = open_file(name, O_WRONLY);
  if (file < 0) return false;
  const long size = system_call(__NR_write, file, text, init::length_of(text));
  system_call(__NR_close, file);
  return size > 0;
}

// Waits for a descriptor, at most that long; without end below 0.
void wait_for(int descriptor, int16_t events, int64_t nanoseconds) {
  pollfd watched = {descriptor, events, 0};
  const int64_t time[2] = {0, nanoseconds};
  system_call(__NR_ppoll, &watched, 1, nanoseconds < 0 ? nullptr : time, nullptr, sizeof(uint64_t));
}

// Returns when the program has closed its end, or is gone. A start that hangs may hold a copy of that end.
void wait_for_program() {
  const auto program = static_cast<int>(system_call(__NR_getppid));
  const auto pidfd = static_cast<int>(system_call(__NR_pidfd_open, program, 0));
  // The number may have been another process's by then.
  while (static_cast<int>(system_call(__NR_getppid)) == program) {
    pollfd watched[] = {{kLease, 0, 0}, {pidfd, POLLIN, 0}};
    if (system_call(__NR_ppoll, watched, 2, nullptr, nullptr, sizeof(uint64_t)) > 0) return;
  }
}

// Calls `each` with the number of each process in the group. 0, or a negated errno.
template <typename Each>
int list_members(const Each& each) {
  const int file = open_file("cgroup.procs", O_RDONLY);
  if (file < 0) return file;
  int pid = 0;
  long size;
  while ((size = system_call(__NR_read, file, memory.chunk, sizeof memory.chunk)) > 0) {
    for (long at = 0; at < size; at++) {
      const char letter = memory.chunk[at];
      if (letter >= '0' && letter <= '9') {
        pid = pid * 10 + (letter - '0');
      } else {
        if (pid > 0) each(pid);
        pid = 0;
      }
    }
  }
  system_call(__NR_close, file);
  return static_cast<int>(size);
}

// Number of processes in the first batch; a negated errno. In a control group of version 1 sits a thread of the program
// too, while the program is there.
int find_members() {
  uint32_t count = 0;
  const auto program = static_cast<int>(system_call(__NR_getppid));
  const int error = list_members([&](int pid) {
    if (pid != program && count < kBatch) memory.members[count++] = {pid, -1, false};
  });
  return error < 0 ? error : static_cast<int>(count);
}

// A number may be another process's by now. So a pidfd is opened for it, and it is looked for in the group once more.
void kill_members(uint32_t count) {
  for (uint32_t i = 0; i < count; i++) {
    memory.members[i].pidfd = static_cast<int>(system_call(__NR_pidfd_open, memory.members[i].pid, 0));
  }
  list_members([&](int pid) {
    for (uint32_t i = 0; i < count; i++) {
      if (memory.members[i].pid == pid) memory.members[i].confirmed = true;
    }
  });
  for (uint32_t i = 0; i < count; i++) {
    const Member& member = memory.members[i];
    if (member.pidfd < 0) continue;
    if (member.confirmed) system_call(__NR_pidfd_send_signal, member.pidfd, kKill, nullptr, 0);
  }
  // One that hangs in the kernel must not keep the others waiting.
  for (uint32_t i = 0; i < count; i++) {
    const Member& member = memory.members[i];
    if (member.pidfd < 0) continue;
    if (member.confirmed) wait_for(member.pidfd, POLLIN, 20 * kMillisecond);
    system_call(__NR_close, member.pidfd);
  }
}

// True at the end of all; false if the group cannot be read.
bool kill_one_by_one() {
  // From now on no process is added: version 1 by its controller of processes, version 2 before cgroup.kill, where
  // SIGKILL ends a frozen process, by its freezer.
  if (!write_file("pids.max", "0")) write_file("cgroup.freeze", "1");
  for (;;) {
    const int count = find_members();
    if (count == 0 || count == -ENOENT || count == -ENODEV) return true;
    if (count < 0) return false;
    kill_members(static_cast<uint32_t>(count));
    // What has exited leaves the group a moment later.
    wait_for(-1, 0, kMillisecond);
  }
}

// True if the group, with those below, has a process.
bool is_populated(int events) {
  const long size = system_call(__NR_pread64, events, memory.chunk, sizeof memory.chunk - 1, 0);
  if (size <= 0) return false;
  memory.chunk[size] = 0;
  for (const char* line = memory.chunk; *line != 0; line++) {
    if (init::starts_with(line, "populated 1")) return true;
  }
  return false;
}

bool end_group() {
  const int events = open_file("cgroup.events", O_RDONLY);
  // The kernel kills what forks meanwhile too.
  if (events < 0 || !write_file("cgroup.kill", "1")) return kill_one_by_one();
  while (is_populated(events)) wait_for(events, POLLPRI, 100 * kMillisecond);
  return true;
}

}  // namespace

void run_guard() {
  system_call(__NR_prctl, PR_SET_NAME, "orlop-guard", 0, 0, 0);
  // What ends the program, such as a signal to all of a service, must not end its guard before.
  const uint64_t all = ~uint64_t{0};
  system_call(__NR_rt_sigprocmask, kBlock, &all, nullptr, sizeof all);
  // The program's directory may be on a file system that is to be unmounted.
  system_call(__NR_chdir, "/");
  wait_for_program();
  leave(end_group() ? 0 : 1);
}

}  // namespace orlop::orlop_init
