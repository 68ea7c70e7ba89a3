// One start: from a plan to a running application, or to a report of the failure.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/failure.h"
#include "base/pidfd.h"
#include "base/unique_fd.h"
#include "init/run.h"
#include "launch/child.h"
#include "launch/clone.h"
#include "launch/id_maps.h"
#include "launch/in_flight.h"
#include "launch/slot_source.h"
#include "plan/reader.h"
#include "supervise/process.h"

namespace orlop::launch {

struct StartRequest {
  std::vector<uint8_t> plan;        // validated
  std::vector<SlotSource> sources;  // for the first slots
  UniqueFd cgroup;
  uint32_t features = 0;  // init::Feature
  IdMaps maps;
  uint64_t called = 0;  // monotonic_ns
  // Called on the launcher thread: `before` precedes the clone; `started` runs before the caller is notified. If one
  // fails, there is no application.
  std::function<Failure()> before;
  std::function<Failure(const supervise::Process&)> started;
};

struct StartResult {
  enum class Outcome { kStarted, kRefused, kDied, kNoProcess };
  Outcome outcome = Outcome::kNoProcess;
  std::shared_ptr<supervise::Process> process;  // kStarted
  init::Report report{};                        // kRefused
  Exit exit;                                    // kDied
  Failure failure;                              // kNoProcess: a call of the program, not of the child
  uint64_t called = 0, cloned = 0, entered = 0, returned = 0;
  std::vector<uint64_t> ops;
  std::vector<UniqueFd> pipes;  // the caller's ends, in the order of the sources
};

class Start {
 public:
  explicit Start(StartRequest request);
  Start(const Start&) = delete;
  Start& operator=(const Start&) = delete;

  // Makes the mounts if the plan has an opener, clones, and waits until the application runs or the child is gone.
  // Once, on a launcher thread.
  StartResult execute(ChildStack& stack);

  // Closes the sources, the cgroup and the mounts. Called after the result was posted, because the last descriptor of a
  // detached mount may unmount a file system if the application has ended. On the launcher thread.
  void release();

  // Any thread. Calls `follower` on the launcher thread when this start is over: the child has executed or is gone, and
  // the caller was notified. False if it is over already.
  bool then(std::function<void()> follower);
  // Calls the followers. On the launcher thread, once.
  void over();

  // Parent death signal of the application; 0: none.
  int death_signal() const { return child_.death_signal; }

  // Kills the child, or the child that a later clone makes. Any thread, any time.
  void cancel();

 private:
  const plan::Header& header() const { return plan::View(request_.plan.data()).header(); }
  bool has_opener() const { return plan::View(request_.plan.data()).opener(); }
  bool needs_helper() const;
  bool prepare_slots(StartResult& result);
  bool open_mounts(StartResult& result);
  void keep_mounts();
  void list_needed_descriptors();
  long clone_in_empty(ChildStack& stack, Failure& failure);
  long clone(ChildStack& stack);
  void help();
  Failure write_maps_and_cgroup();
  void examine(pid_t pid, StartResult& result);
  void take_application(pid_t pid, StartResult& result);

  StartRequest request_;
  std::vector<int32_t> slots_;
  std::vector<UniqueFd> mounts_;  // made by the opener
  std::vector<uint64_t> times_;
  uint64_t entered_ = 0;
  std::vector<char*> pointers_;
  std::vector<int32_t> kept_;
  init::Report report_{};
  Child child_{};
  Failure help_failure_;
  InFlight in_flight_;
  // Guards the fields below. First this start owns the pidfd, then the process: cancel() signals through the owner.
  std::mutex mutex_;
  int pidfd_ = -1;  // written by the kernel during clone
  std::shared_ptr<supervise::Process> process_;
  bool over_ = false;
  std::vector<std::function<void()>> followers_;
};

}  // namespace orlop::launch
