// One start: from a plan to a running application, or to a report of the failure.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "base/failure.h"
#include "base/pidfd.h"
#include "base/unique_fd.h"
#include "init/run.h"
#include "launch/attempt.h"
#include "launch/clone.h"
#include "launch/slot_source.h"
#include "supervise/process.h"

namespace orlop::launch {

struct StartRequest {
  std::vector<SlotSource> sources;   // for the first slots
  std::unique_ptr<Attempt> attempt;  // made with the plan
  int death_signal = 0;              // of the plan; 0: none
  uint64_t called = 0;               // monotonic_ns
  // Called on the launcher thread: `before` gives the checks and changes that precede the clone; `started` runs before
  // the caller is notified. If one fails, there is no application.
  std::function<fs::Changes()> before;
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

  // Makes the attempt, and waits until the application runs or the child is gone. Once, on a launcher thread.
  StartResult execute(ChildStack& stack);

  // Closes the sources, and what the attempt holds. Called after the result was posted, on the launcher thread.
  void release();

  // Any thread. Calls `follower` on the launcher thread when this start is over: the child has executed or is gone, and
  // the caller was notified. False if it is over already.
  bool then(std::function<void()> follower);
  // Calls the followers. On the launcher thread, once.
  void over();

  // Parent death signal of the application; 0: none.
  int death_signal() const { return request_.death_signal; }

  // Kills the child, or the child that a later clone makes. Any thread, any time.
  void cancel();

 private:
  bool open_slots(StartResult& result);
  void settle(AttemptResult attempt, StartResult& result);
  void take_application(AttemptResult& attempt, StartResult& result);

  StartRequest request_;
  std::atomic<bool> cancelled_ = false;
  // Guards the fields below.
  std::mutex mutex_;
  std::shared_ptr<supervise::Process> process_;
  bool over_ = false;
  std::vector<std::function<void()>> followers_;
};

}  // namespace orlop::launch
