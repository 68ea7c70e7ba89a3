// A member of a pool as its program holds it: an orlop-init that has prepared a container and waits for an application.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "base/failure.h"
#include "base/unique_fd.h"
#include "helper/message.h"
#include "init/run.h"

namespace orlop::launch {

// What came of an order.
struct MemberResult {
  enum class Outcome { kDone, kRefused, kGone };
  Outcome outcome = Outcome::kGone;  // kGone: the member ended without a word
  init::Report report{};             // kRefused
  uint64_t called = 0, sent = 0, finished = 0;
  std::vector<uint64_t> times;  // of the records, as Start::times; those of the order's plan
};

// Any thread may call any method; what is called back is called on the thread of the watch, or of the caller.
class Member : public std::enable_shared_from_this<Member> {
 public:
  using Done = std::function<void(const MemberResult&)>;

  // Leaves the first plan in a new socket. The other end of it is for orlop-init, whose descriptor 0 it will be.
  static Failure create(const std::vector<uint8_t>& plan, uint32_t features, std::shared_ptr<Member>& member);
  int other_end() const { return other_end_.get(); }

  // Calls back once, when the member has prepared or could not. orlop-init has been launched: the other end is closed.
  void on_ready(Done done);
  // Hands the second plan over: `done` is called once. For a member that waits; otherwise it is gone at once.
  Failure become(const std::vector<uint8_t>& plan, uint32_t features, const std::vector<int>& descriptors, Done done,
                 uint64_t called);
  // Calls back once, when it has become the application or never will.
  void on_over(std::function<void()> over);
  // Its process has ended: what has not been said by now will not be.
  void ended();
  // Lets go of it: one that waits ends.
  void close();

  // For the watch: takes what has come.
  void receive();
  int socket() const { return socket_.get(); }

 private:
  enum class State { kPreparing, kReady, kBecoming, kOver };
  struct Call {
    Done done;
    MemberResult result;
    std::function<void()> over;
  };
  bool receive_one(Call& call);
  void take(const uint8_t* bytes, size_t size, UniqueFd descriptor, Call& call);
  void settle(MemberResult::Outcome outcome, Call& call);
  void finish(Call& call);

  std::mutex mutex_;
  State state_ = State::kPreparing;
  UniqueFd socket_;
  UniqueFd other_end_;
  size_t records_ = 0;  // of the plan that runs
  bool executing_ = false;
  MemberResult result_;  // of the order that runs; of the first one until somebody has asked for it
  bool settled_ = false;
  Done done_;
  std::function<void()> over_;
};

}  // namespace orlop::launch
