// One attempt of a start: the changes before it, the mounts of an opener, the clone, and the child until it has
// executed or is gone.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "base/failure.h"
#include "base/unique_fd.h"
#include "fs/changes.h"
#include "init/run.h"
#include "launch/clone.h"
#include "launch/id_maps.h"
#include "supervise/process.h"

namespace orlop::launch {

struct AttemptRequest {
  std::vector<uint8_t> plan;  // validated
  uint32_t features = 0;      // init::Feature
  IdMaps maps;
  UniqueFd cgroup;  // version 2
  UniqueFd seat;    // lease of a Seat, in cgroups of version 1
};

struct AttemptResult {
  // The caller is the parent, and reaps. Empty if no child was cloned: `failure` or `report` says why.
  UniqueFd pidfd;
  pid_t pid = 0;
  bool executed = false;  // the child is the application; otherwise it is gone
  bool refused = false;   // `report` is filled, by the opener or by the child
  init::Report report{};
  Failure failure;  // of a change, or of a call of the program, not of the child
  bool cancelled = false;
  uint64_t cloned = 0, entered = 0, returned = 0;
  int64_t cloner_resident_kb = 0;  // largest resident set of the process that cloned, so far
  std::vector<uint64_t> ops;
};

// Made where the start was requested. `execute` and `release` are called once, on a launcher thread.
class Attempt {
 public:
  virtual ~Attempt() = default;

  // If one of the changes fails, nothing is cloned. `supplied` fills the first slots, and stays the caller's.
  virtual AttemptResult execute(const fs::Changes& changes, const std::vector<int>& supplied, ChildStack& stack) = 0;
  // The child of the attempt is `application`.
  virtual void taken(const std::shared_ptr<supervise::Process>& application) { (void)application; }
  // Closes the mounts and the cgroup. The last descriptor of a detached mount may unmount a file system if the
  // application has ended.
  virtual void release() = 0;
  // Kills the child, or the child that a later clone makes. Any thread, any time.
  virtual void cancel() = 0;
};

}  // namespace orlop::launch
