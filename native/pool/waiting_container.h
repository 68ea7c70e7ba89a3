// A member of a pool as its program holds it: an orlop-init that has made a container and waits for an application.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "base/failure.h"
#include "base/unique_fd.h"
#include "init/run.h"
#include "opener/host_executor.h"
#include "orlop-init/message.h"
#include "pool/order.h"

namespace orlop::launch {

// What came of an order.
struct MemberResult {
  enum class Outcome { kDone, kRefused, kGone, kFailed };
  Outcome outcome = Outcome::kGone;  // kGone: the member ended without a word
  init::Report report{};             // kRefused, by the opener or by the member
  Failure failure;                   // kFailed: a call on this side
  uint64_t called = 0, sent = 0, entered = 0, finished = 0;
  std::vector<uint64_t> times;  // of the records, as Start::times; those of the order's plan
  std::vector<UniqueFd> pipes;  // kDone: the caller's ends, in the order of their supplies
};

// Any thread may call any method; what is called back is called on the thread of the watch, of a launcher, or of the
// caller. What a plan has to open is opened by a launcher's thread, for a source may be slow to answer; there the slot
// behind the caller's supplied ones is the member's mount namespace.
class Member : public std::enable_shared_from_this<Member> {
 public:
  using Done = std::function<void(MemberResult)>;

  // A new socket. The other end of it is for orlop-init, whose descriptor 0 it will be.
  static Failure create(std::shared_ptr<Member>& member);
  int other_end() const { return other_end_.get(); }

  // Hands the first plan over, by which it makes the container.
  void prepare(MemberOrder order);
  // Calls back once, when the member waits or could not be made. orlop-init has been launched: the other end is closed.
  void on_ready(Done done);
  // Hands the second plan over, where the member's mount namespace is in the slot behind its supplies. False when the
  // member does not wait.
  bool become(MemberOrder order, uint64_t called);
  // Calls back once, with what came of that.
  void on_become(Done done);
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
  static void tell(Call call);
  // What is to be opened for an order.
  struct Opening {
    std::vector<uint8_t> plan;
    uint32_t features = 0;
    std::vector<Supply> supplies;
    UniqueFd container;
  };
  // What came of it.
  struct Opened {
    Failure failure;
    OwnPlan plan;
    std::vector<Supply> supplies;
    std::vector<UniqueFd> pipes;
  };
  void settled(Done done);
  void hand_over(MemberOrder order);
  void submit(Opening opening);
  void open(Opening& opening);
  void take_opened(Opened opened);
  void deliver(MemberOrder order);
  void send(MemberOrder& order, Opened opened);
  void give_up(const Failure& failure);
  bool receive_one(Call& call);
  void take(const helper::Answer& answer, UniqueFd (&descriptors)[helper::kAnswerDescriptors], Call& call);
  bool executed() const;
  void take_times();
  void settle(MemberResult::Outcome outcome, Call& call);
  void finish(Call& call);

  std::mutex mutex_;
  State state_ = State::kPreparing;
  UniqueFd socket_;
  UniqueFd other_end_;
  UniqueFd container_;  // its mount namespace
  UniqueFd record_;     // helper::Record
  // What is opened for an order, and the order, which waits for it. Whoever comes last sends the order.
  enum class Opener { kNone, kRuns, kDone } opener_ = Opener::kNone;
  Opened ready_;
  std::optional<MemberOrder> order_;
  size_t records_ = 0;  // of the plan that runs, and how many of them an opener executed
  size_t opened_ = 0;
  MemberResult result_;  // of the order that runs, until somebody has asked for it
  bool settled_ = false;
  Done done_;
  std::function<void()> over_;
};

}  // namespace orlop::launch
