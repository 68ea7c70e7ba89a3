// The executor: what happens between clone and execve. Its contract is in README.md beside this file.
#pragma once

#include <cstddef>
#include <cstdint>

namespace orlop::init {

// Features of the kernel, from the caller's probe. Without a bit, the calls of older kernels are used.
enum Feature : uint32_t {
  kFeatureMountApi = 1u << 0,         // fsopen, fsmount, open_tree, move_mount (5.2)
  kFeatureMountSetattr = 1u << 1,     // mount_setattr (5.12)
  kFeatureOpenat2 = 1u << 2,          // openat2 (5.6)
  kFeatureCloseRange = 1u << 3,       // close_range with CLOSE_RANGE_CLOEXEC (5.11)
  kFeatureLowerdirAppend = 1u << 4,   // overlayfs "lowerdir+" (6.8)
  kFeatureCloneIntoCgroup = 1u << 5,  // clone3 with CLONE_INTO_CGROUP (5.7)
  kFeatureOpenTreeAttr = 1u << 6,     // open_tree_attr (6.15)
};

// Report of a failed start, in numbers. The caller turns them into words.
struct Report {
  uint16_t step;    // plan::Code of the record; 0: the plan itself was refused
  uint16_t call;    // number of the system call; 0xffff: none
  uint32_t op;      // index of the record, prepare first
  int32_t error;    // errno
  uint32_t detail;  // exec: index of the candidate; step 0: plan::Fault; otherwise 0
};
static_assert(sizeof(Report) == 16);

struct Start {
  const uint8_t* plan;
  size_t size;
  int32_t* slots;     // descriptor table of header.slots entries; supplied ones filled, the others -1
  uint32_t features;  // Feature bits
  Report* report;     // written on failure
  uint64_t*
      times;  // CLOCK_MONOTONIC ns: [0] on entry, [i + 1] after record i; header.prepare + header.enter + 1 entries
  char** pointers;  // room for argv and env: plan::count_pointers(view) entries, never read by the caller
  uint32_t pointer_count;
  int32_t parent;  // readable after the caller has died: its pidfd, or a socket whose other end it has. So
                   // parent-death notices an earlier death; 0 or less: not checked
  void (*executing)(const Start& start);  // called before `exec` or `exec-file`; nullptr: no call
  uint64_t* entered;                      // begin of the process's records after an opener; or nullptr
  uint64_t (*clock)() = nullptr;  // CLOCK_MONOTONIC in ns, without a system call and safe in the child of a vfork;
                                  // nullptr: there is none, and the kernel is asked
  bool own_memory = false;        // the process shares its memory with no other
  // Goes on in a new process, for `fork`: returns there 0; a negated errno on failure. nullptr: there is none
  int (*fork)(const Start& start) = nullptr;
};

// State that one plan leaves to the next plan of the same process.
struct Carried {
  int32_t rootfs = -1;   // the container's root directory
  int32_t scratch = -1;  // older kernels' mounts, and their number
  uint32_t places = 0;
  bool pivoted = false;
};

// Executes the records of `prepare` of a plan with an opener (plan::Strategy), on a thread of the caller, in the host's
// mount namespace. It makes detached mounts, known only by `slots`. The records behind a `join` are executed in the
// mount namespace of a container, where the thread then stays. The executor changes the umask, so the thread must have
// its own file-system view (CLONE_FS). False on failure, with `report` filled; `slots` then has what was opened.
bool open(const Start& start);

// Executes a plan that makes the container and has no `exec`; only the records of `enter` after `open`. Its filter, if
// any, is loaded at its end, and must allow the plan that follows. False on failure, with `report` filled. The
// descriptors of the slots stay open for the next plan.
bool prepare(const Start& start, Carried& carried);

// Executes the plan; only the records of `enter` after `open`. Returns only on failure, with `report` filled; the
// caller then exits with 127.
void run(const Start& start, const Carried& carried = {});

}  // namespace orlop::init
