// The executor: what happens between clone and execve. Its contract is in README.md beside this file.
#pragma once

#include <cstddef>
#include <cstdint>

namespace orlop::init {

// Features of the kernel that were found by the caller's probe; without a bit the older way is taken.
enum Feature : uint32_t {
  kFeatureMountApi = 1u << 0,         // fsopen, fsmount, open_tree, move_mount (5.2)
  kFeatureMountSetattr = 1u << 1,     // mount_setattr (5.12)
  kFeatureOpenat2 = 1u << 2,          // openat2 (5.6)
  kFeatureCloseRange = 1u << 3,       // close_range with CLOSE_RANGE_CLOEXEC (5.11)
  kFeatureLowerdirAppend = 1u << 4,   // overlayfs "lowerdir+" (6.8)
  kFeatureCloneIntoCgroup = 1u << 5,  // clone3 with CLONE_INTO_CGROUP (5.7)
  kFeatureOpenTreeAttr = 1u << 6,     // open_tree_attr (6.15)
};

// Why a start failed: numbers only. The caller owns the plan and makes the words.
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
  int32_t parent;  // readable when the caller is gone (its pidfd, or a socket whose other end it has), so that
                   // parent-death notices that it died before; 0 or less: not checked
  void (*executing)(const Start& start);  // called when all but `exec` is done; nullptr: nobody wants to know
  uint64_t* entered;              // when the process began with its records, where others were done before; or nullptr
  uint64_t (*clock)() = nullptr;  // CLOCK_MONOTONIC in ns, without a system call and safe in the child of a vfork;
                                  // nullptr: there is none, and the kernel is asked
};

// What one plan leaves to the next that the same process executes.
struct Carried {
  int32_t rootfs = -1;   // the container's root directory
  int32_t scratch = -1;  // where older kernels' mounts wait, and how many did
  uint32_t places = 0;
  bool pivoted = false;
};

// Executes the records of `prepare` of a plan that has an opener (plan::Strategy), on a thread of the caller in the
// host's mount namespace: trees come out, which nothing sees but `slots`. Those that follow a `join` are executed in
// the mount namespace of a container, where the thread then stays. The thread must not share its file-system view
// (CLONE_FS) with others, for its umask is changed. False when it failed, with `report` filled; what was opened by then
// is in `slots` too.
bool open(const Start& start);

// Executes a plan that makes the container and stops before its application: one without `exec`; the records of `enter`
// alone where `open` has done the others. Its filter, if it has one, is loaded at its end, and has to let the plan that
// follows be executed. False when it failed, with `report` filled. The descriptors of the slots stay open for that
// plan.
bool prepare(const Start& start, Carried& carried);

// Executes the plan; the records of `enter` alone where `open` has done the others. Returns only when it failed, with
// `report` filled; the caller then exits with 127.
void run(const Start& start, const Carried& carried = {});

}  // namespace orlop::init
