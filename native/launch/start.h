// One start: from a plan to an application that runs, or to the numbers that say why not.
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
#include "launch/in_flight.h"
#include "launch/outside.h"
#include "launch/supply.h"
#include "plan/reader.h"
#include "supervise/process.h"

namespace orlop::launch {

struct StartRequest {
  std::vector<uint8_t> plan;     // validated
  std::vector<Supply> supplied;  // for the first slots
  UniqueFd cgroup;
  uint32_t features = 0;  // init::Feature
  IdMaps maps;
  uint64_t called = 0;  // monotonic_ns
  // On the launching thread: what comes before the clone, and what must be done while the application is known to
  // nobody else. Where one of them fails, there is no application.
  std::function<Failure()> before;
  std::function<Failure(const Process&)> started;
};

struct StartResult {
  enum class Outcome { kStarted, kRefused, kDied, kNoProcess };
  Outcome outcome = Outcome::kNoProcess;
  std::shared_ptr<Process> process;  // kStarted
  init::Report report{};             // kRefused
  Exit exit;                         // kDied
  Failure failure;                   // kNoProcess: a call on this side of the clone
  uint64_t called = 0, cloned = 0, entered = 0, returned = 0;
  std::vector<uint64_t> ops;
  std::vector<UniqueFd> pipes;  // the caller's ends of those that were supplied
};

class Start {
 public:
  explicit Start(StartRequest request);
  Start(const Start&) = delete;
  Start& operator=(const Start&) = delete;

  // Opens trees where the plan has an opener, clones and waits until the application runs or the child is gone. Once,
  // on a launcher thread.
  StartResult execute(ChildStack& stack);

  // Closes what the child was given, when the result is on its way: where the application has ended already, the last
  // descriptor of a tree takes a file system down. On the launcher thread.
  void release();

  // Any thread. Has `follower` called on the launcher thread when this start is over: the child has executed or is
  // gone, and who waits for it has been told. False when it is over already.
  bool then(std::function<void()> follower);
  // On the launcher thread, once.
  void over();

  // The signal by which the application follows its parent into death, as the plan says; 0 for none.
  int death_signal() const { return child_.death_signal; }

  // Kills the child, now or as soon as there is one. Any thread, any time.
  void cancel();

 private:
  const plan::Header& header() const { return plan::View(request_.plan.data()).header(); }
  bool has_opener() const { return plan::View(request_.plan.data()).opener(); }
  bool needs_outside_help() const;
  bool supply(StartResult& result);
  bool open_trees(StartResult& result);
  void keep_trees();
  void keep_only_what_is_needed();
  long clone_in_empty(ChildStack& stack, Failure& failure);
  long clone(ChildStack& stack);
  void help();
  Failure prepare_from_outside();
  void judge(pid_t pid, StartResult& result);
  void hand_over(pid_t pid, StartResult& result);

  StartRequest request_;
  std::vector<int32_t> slots_;
  std::vector<UniqueFd> trees_;  // that the opener made
  std::vector<uint64_t> times_;
  uint64_t entered_ = 0;
  std::vector<char*> pointers_;
  std::vector<int32_t> kept_;
  init::Report report_{};
  Child child_{};
  Failure help_failed_;
  InFlight in_flight_;
  // Guards what follows. The owner of the pidfd is this start, then the process: cancel() signals through whichever has
  // it.
  std::mutex mutex_;
  int pidfd_ = -1;  // written by the kernel in the middle of clone
  std::shared_ptr<Process> process_;
  bool over_ = false;
  std::vector<std::function<void()>> followers_;
};

}  // namespace orlop::launch
