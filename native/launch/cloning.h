// An attempt in this process.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "launch/attempt.h"
#include "launch/child.h"
#include "launch/in_flight.h"
#include "plan/reader.h"

namespace orlop::launch {

class Cloning : public Attempt {
 public:
  // Whose child the application is: of this process, or of its parent (CLONE_PARENT), which then reaps it. A sibling
  // ends with that parent, whose pidfd is `parent`.
  enum class Family { kChild, kSibling };

  explicit Cloning(AttemptRequest request, Family family = Family::kChild, int parent = own_pidfd());
  Cloning(const Cloning&) = delete;
  Cloning& operator=(const Cloning&) = delete;

  AttemptResult execute(const fs::Changes& changes, const std::vector<int>& supplied, ChildStack& stack) override;
  void release() override;
  void cancel() override;

  // A pidfd of this process, by which a child notices that the process is gone.
  static int own_pidfd();

 private:
  plan::View plan() const { return plan::View(request_.plan.data()); }
  const plan::Header& header() const { return plan().header(); }
  bool has_opener() const { return plan().opener(); }
  bool needs_helper() const;
  bool is_moved() const;
  bool open_mounts(AttemptResult& result);
  void keep_mounts();
  void list_needed_descriptors();
  long clone_at_place(ChildStack& stack, Failure& failure);
  long in_empty(const std::function<long()>& clone, Failure& failure) const;
  long assisted(const std::function<long()>& clone);
  long clone(ChildStack& stack);
  void help();
  Failure write_maps_and_cgroup();
  void examine(pid_t pid, AttemptResult& result);

  AttemptRequest request_;
  const Family family_;
  size_t supplied_ = 0;
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
  // Guards the pidfd, until the result takes it.
  std::mutex mutex_;
  int pidfd_ = -1;  // written by the kernel during clone
};

}  // namespace orlop::launch
