// A waiting container, as the program sees it: an orlop-init that has made a container, and waits for an application.
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
#include "site/site.h"

namespace orlop::pool {

// Result of an order.
struct OrderResult {
  enum class Outcome { kDone, kRefused, kGone, kFailed };
  Outcome outcome = Outcome::kGone;  // kGone: orlop-init ended without an answer
  init::Report report{};             // kRefused, by the opener or by orlop-init
  Failure failure;                   // kFailed: a call of the program
  uint64_t called = 0, sent = 0, entered = 0, finished = 0;
  std::vector<uint64_t> times;  // of the records of the order's plan, see init::Start::times
  std::vector<UniqueFd> pipes;  // kDone: the caller's ends, in the order of the sources
};

// Any thread may call any method. Callbacks run on the watch thread, on a launcher thread, or on the caller's. Mounts
// are made on a launcher thread, because a source may be slow to answer. In such a plan, the slot behind the sources is
// the mount namespace of the waiting container.
class WaitingContainer : public std::enable_shared_from_this<WaitingContainer> {
 public:
  using Done = std::function<void(OrderResult)>;

  // Makes a waiting container with a new socket. The other end is descriptor 0 of orlop-init.
  static Failure create(site::Site& site, std::shared_ptr<WaitingContainer>& waiting);
  explicit WaitingContainer(site::Site& site) : site_(site) {}
  int other_end() const { return other_end_.get(); }

  // Sends the first order, by which orlop-init makes the container.
  void prepare(Order order);
  // Calls back once, when the container waits or could not be made. Call after the launch of orlop-init: closes the
  // other end.
  void on_ready(Done done);
  // Sends the second order, by which orlop-init becomes the application. False if the container does not wait.
  bool become(Order order, uint64_t called);
  // Calls back once, with the result of the second order.
  void on_become(Done done);
  // Calls back once, when orlop-init has become the application or has ended.
  void on_over(std::function<void()> over);
  // The process exited: reads the last answer, and finishes.
  void ended();
  // Closes the socket: a container that waits ends.
  void close();

  // For the watch: reads the answers that have come.
  void receive();
  int socket() const { return socket_.get(); }

 private:
  enum class State { kPreparing, kReady, kBecoming, kOver };
  struct Call {
    Done done;
    OrderResult result;
    std::function<void()> over;
  };
  static void notify(Call call);
  // Work of a launcher thread for an order.
  struct Opening {
    std::vector<uint8_t> plan;
    uint32_t features = 0;
    std::vector<launch::SlotSource> sources;
    UniqueFd container;
  };
  // Result of the opener.
  struct Opened {
    Failure failure;
    opener::HostExecution plan;
    std::vector<launch::SlotSource> sources;
    std::vector<UniqueFd> pipes;
  };
  void settled(Done done);
  void hand_over(Order order);
  void submit(Opening opening);
  void open(Opening& opening);
  void take_opened(Opened opened);
  void deliver(Order order);
  void send(Order& order, Opened opened);
  void give_up(const Failure& failure);
  bool receive_one(Call& call);
  void take(const orlop_init::Answer& answer, UniqueFd (&descriptors)[orlop_init::kAnswerDescriptors], Call& call);
  bool executed() const;
  void take_times();
  void settle(OrderResult::Outcome outcome, Call& call);
  void finish(Call& call);

  site::Site& site_;
  std::mutex mutex_;
  State state_ = State::kPreparing;
  UniqueFd socket_;
  UniqueFd other_end_;
  UniqueFd container_;  // mount namespace of orlop-init
  UniqueFd progress_;   // orlop_init::Progress
  // State of the opener, its result, and the order that waits for it. The later of opener and order sends.
  enum class Opener { kNone, kRuns, kDone } opener_ = Opener::kNone;
  Opened ready_;
  std::optional<Order> order_;
  size_t records_ = 0;  // of the current plan, and the number that the opener executed
  size_t opened_ = 0;
  OrderResult result_;  // of the current order, until it is taken
  bool settled_ = false;
  Done done_;
  std::function<void()> over_;
};

}  // namespace orlop::pool
