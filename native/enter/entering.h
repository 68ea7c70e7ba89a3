// An attempt by orlop-init, which becomes a further process of a running container.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "launch/attempt.h"
#include "launch/cloning.h"

namespace orlop::enter {

// The application of the container, and what enters it.
struct Target {
  pid_t pid = 0;
  uint64_t start_time = 0;
  std::string program;        // path of orlop-init
  std::vector<uint8_t> boot;  // plan that executes it: supplied are its socket, its file, and the /proc of the host
};

// Made in the process of the caller, also for one without privilege: only the owner of a user namespace can join it.
class Entering : public launch::Attempt {
 public:
  Entering(launch::AttemptRequest request, Target target);
  Entering(const Entering&) = delete;
  Entering& operator=(const Entering&) = delete;

  launch::AttemptResult execute(const fs::Changes& changes, const std::vector<int>& supplied,
                                launch::ChildStack& stack) override;
  void release() override;
  void cancel() override;

 private:
  Failure open_slots(const std::vector<int>& supplied, std::vector<UniqueFd>& slots) const;
  Failure send_plan(int socket, int progress, const std::vector<int>& supplied) const;
  bool boot(int socket, launch::ChildStack& stack, launch::AttemptResult& result);
  void follow(UniqueFd socket, int progress, launch::AttemptResult& result);
  bool take_process(UniqueFd pidfd);

  launch::AttemptRequest request_;
  const Target target_;
  std::mutex mutex_;
  bool cancelled_ = false;
  std::unique_ptr<launch::Cloning> boot_;
  UniqueFd leader_;  // pidfd of orlop-init, until it is reaped
  UniqueFd pidfd_;   // of the process in the container, until the result takes it
};

}  // namespace orlop::enter
