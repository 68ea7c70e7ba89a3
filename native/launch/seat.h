// A thread in cgroups of version 1, which clone3(2) cannot place a child in.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/condition.h"
#include "base/failure.h"
#include "base/unique_fd.h"

namespace orlop::launch {

// The move of a thread into a cgroup waits some milliseconds for all processors (cgroup_threadgroup_rwsem). So a thread
// is moved before the start, and its child is born there. The thread stays until the container has ended: with a parent
// death signal the child dies with it, and the end of a thread leaves its cgroups at once.
class Seat {
 public:
  // Makes a thread in the cgroups with these directories. It ends when all copies of `lease` are closed.
  static Failure open(const std::vector<std::string>& directories, UniqueFd* lease);

  // The seat of a lease, which stays open meanwhile; null if the descriptor is none.
  static std::shared_ptr<Seat> of(int lease);

  // Calls `work` on the thread, and waits for it: one after the other.
  void run(const std::function<void()>& work);

  Seat(const Seat&) = delete;
  Seat& operator=(const Seat&) = delete;

 private:
  Seat(UniqueFd held, UniqueFd wake);
  void sit(const std::vector<std::string>& directories);
  void settle(Failure failure);
  void serve();

  const UniqueFd held_;  // the other end of the lease
  const UniqueFd wake_;  // eventfd: there is work
  std::mutex turns_;
  std::mutex mutex_;
  Condition changed_;
  bool settled_ = false;
  Failure failure_;
  const std::function<void()>* work_ = nullptr;
};

}  // namespace orlop::launch
