#include "pool/waiting_container.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <utility>

#include "base/clock.h"
#include "launch/launcher.h"
#include "opener/mounts.h"
#include "plan/reader.h"
#include "pool/watch.h"

namespace orlop::pool {
namespace {

using orlop_init::Answer;
using orlop_init::Event;
using orlop_init::Progress;

// The other end is closed: orlop-init has ended, and the result is kGone.
bool is_gone(const Failure& failure) { return failure.error == EPIPE || failure.error == ECONNRESET; }

}  // namespace

Failure WaitingContainer::create(site::Site& site, std::shared_ptr<WaitingContainer>& waiting) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) return failed("socketpair");
  auto made = std::make_shared<WaitingContainer>(site);
  made->socket_.reset(ends[0]);
  made->other_end_.reset(ends[1]);
  if (Failure failure = make_file("orlop-progress", made->progress_)) return failure;
  if (ftruncate(made->progress_.get(), sizeof(Progress)) != 0) return failed("ftruncate");
  if (Failure failure = Watch::instance().add(made, ends[0])) return failure;
  waiting = std::move(made);
  return {};
}

void WaitingContainer::notify(Call call) {
  if (call.done) call.done(std::move(call.result));
  if (call.over) call.over();
}

void WaitingContainer::prepare(Order order) {
  {
    const std::lock_guard lock(mutex_);
    result_.called = monotonic_ns();
    records_ = plan::View(order.plan.data()).count();
  }
  hand_over(std::move(order));
}

void WaitingContainer::on_ready(Done done) {
  {
    const std::lock_guard lock(mutex_);
    other_end_.reset();
  }
  settled(std::move(done));
}

void WaitingContainer::on_become(Done done) { settled(std::move(done)); }

// Calls back with the result of the current order, now or when it comes.
void WaitingContainer::settled(Done done) {
  OrderResult result;
  {
    const std::lock_guard lock(mutex_);
    if (!settled_) {
      done_ = std::move(done);
      return;
    }
    result = std::move(result_);
  }
  done(std::move(result));
}

bool WaitingContainer::become(Order order, uint64_t called) {
  Call call;
  {
    const std::lock_guard lock(mutex_);
    if (state_ != State::kReady) return false;
    state_ = State::kBecoming;
    // The container waits no longer.
    call.over = std::exchange(over_, nullptr);
    result_ = {};
    result_.called = called;
    records_ = plan::View(order.plan.data()).count();
    settled_ = false;
  }
  hand_over(std::move(order));
  notify(std::move(call));
  return true;
}

void WaitingContainer::hand_over(Order order) {
  std::optional<Opening> opening;
  std::unique_lock lock(mutex_);
  if (opener_ == Opener::kNone && order.opened() > 0) {
    opener_ = Opener::kRuns;
    // The opener gets the mount namespace, and closes it after the attachments: an open namespace keeps its mounts.
    opening = {order.plan, order.features, std::move(order.sources), std::move(container_)};
  }
  if (opener_ != Opener::kRuns) {
    lock.unlock();
    return deliver(std::move(order));
  }
  order_ = std::move(order);
  lock.unlock();
  if (opening) submit(std::move(*opening));
}

void WaitingContainer::submit(Opening opening) {
  // Shared, because std::function must be copyable.
  const auto shared = std::make_shared<Opening>(std::move(opening));
  const Failure failure = launch::Launcher::instance().submit(
      [waiting = shared_from_this(), shared](const launch::ChildStack&) -> launch::Launcher::Notify {
        waiting->open(*shared);
        return nullptr;  // the watch notices the answer
      });
  if (failure) take_opened({.failure = failure, .plan = {}, .sources = {}, .pipes = {}});
}

// On a launcher thread.
void WaitingContainer::open(Opening& opening) {
  Opened opened;
  std::vector<int> supplied(opening.sources.size(), -1);
  supplied.push_back(opening.container.get());
  opened.failure = site_.open_mounts(opening.plan, opening.features, supplied, &opened.plan);
  opening.container.reset();
  opened.sources = std::move(opening.sources);
  if (!opened.failure) opened.failure = launch::open_sources(opened.sources, opened.pipes);
  take_opened(std::move(opened));
}

void WaitingContainer::take_opened(Opened opened) {
  std::optional<Order> order;
  {
    const std::lock_guard lock(mutex_);
    opener_ = Opener::kDone;
    ready_ = std::move(opened);
    order = std::exchange(order_, std::nullopt);
  }
  if (order) deliver(std::move(*order));
}

// Sends an order whose opener is done, or that needs none.
void WaitingContainer::deliver(Order order) {
  Opened opened;
  bool direct;
  {
    const std::lock_guard lock(mutex_);
    direct = std::exchange(opener_, Opener::kNone) == Opener::kNone;
    if (!direct) opened = std::move(ready_);
  }
  if (direct) {
    opened.sources = std::move(order.sources);
    opened.failure = launch::open_sources(opened.sources, opened.pipes);
  }
  if (opened.failure) return give_up(opened.failure);
  if (direct || opened.plan.executed) return send(order, std::move(opened));
  Call call;
  {
    const std::lock_guard lock(mutex_);
    result_.report = opened.plan.report;
    result_.times = std::move(opened.plan.times);
    settle(OrderResult::Outcome::kRefused, call);
    if (state_ != State::kOver) finish(call);
  }
  notify(std::move(call));
}

void WaitingContainer::send(Order& order, Opened opened) {
  order.sources = std::move(opened.sources);
  Failure failure;
  {
    const std::lock_guard lock(mutex_);
    if (state_ == State::kOver) return;
    opened_ = order.opened();
    result_.pipes = std::move(opened.pipes);
    result_.times = std::move(opened.plan.times);
    result_.sent = monotonic_ns();
    if (result_.times.empty()) result_.times.push_back(result_.sent);
    const int progress = state_ == State::kPreparing ? progress_.get() : -1;
    failure = send_order(socket_.get(), order, opened.plan.slots, progress);
  }
  // The application alone keeps its ends of the pipes.
  order.sources.clear();
  // The lookup runs while orlop-init makes the container.
  if (!order.paths.empty()) opener::look_up_in_union(order.plan, opened.plan.slots, order.paths);
  if (failure) give_up(failure);
}

void WaitingContainer::give_up(const Failure& failure) {
  Call call;
  {
    const std::lock_guard lock(mutex_);
    if (state_ == State::kOver) return;
    result_.failure = failure;
    settle(is_gone(failure) ? OrderResult::Outcome::kGone : OrderResult::Outcome::kFailed, call);
    finish(call);
  }
  notify(std::move(call));
}

void WaitingContainer::on_over(std::function<void()> over) {
  {
    const std::lock_guard lock(mutex_);
    if (state_ != State::kOver) {
      over_ = std::move(over);
      return;
    }
  }
  over();
}

void WaitingContainer::ended() {
  const auto self = shared_from_this();  // the watch may hold the last other reference
  receive();
  Call call;
  {
    const std::lock_guard lock(mutex_);
    if (state_ == State::kOver) return;
    finish(call);
  }
  notify(std::move(call));
}

void WaitingContainer::close() {
  const auto self = shared_from_this();
  Call call;
  {
    const std::lock_guard lock(mutex_);
    if (state_ == State::kOver) return;
    finish(call);
  }
  notify(std::move(call));
}

void WaitingContainer::receive() {
  const auto self = shared_from_this();
  for (bool more = true; more;) {
    Call call;
    {
      const std::lock_guard lock(mutex_);
      more = state_ != State::kOver && receive_one(call);
    }
    notify(std::move(call));
  }
}

// Reads one message, or the end. False if there is nothing more to read.
bool WaitingContainer::receive_one(Call& call) {
  Answer answer;
  int numbers[orlop_init::kAnswerDescriptors] = {-1, -1};
  alignas(cmsghdr) uint8_t control[CMSG_SPACE(sizeof numbers)] = {};
  iovec part = {&answer, sizeof answer};
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  header.msg_control = control;
  header.msg_controllen = sizeof control;
  ssize_t size;
  do {
    size = recvmsg(socket_.get(), &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  } while (size < 0 && errno == EINTR);
  if (size < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return false;
  const cmsghdr* rights = size < 0 ? nullptr : CMSG_FIRSTHDR(&header);
  if (rights != nullptr && rights->cmsg_type == SCM_RIGHTS) {
    memcpy(numbers, CMSG_DATA(rights), std::min<size_t>(sizeof numbers, rights->cmsg_len - CMSG_LEN(0)));
  }
  UniqueFd descriptors[] = {UniqueFd(numbers[0]), UniqueFd(numbers[1])};
  if (size == static_cast<ssize_t>(sizeof answer)) {
    take(answer, descriptors, call);
  } else {
    finish(call);
  }
  return state_ != State::kOver;
}

void WaitingContainer::take(const Answer& answer, UniqueFd (&descriptors)[orlop_init::kAnswerDescriptors], Call& call) {
  result_.report = answer.report;
  // A plan that was refused as a whole has no timed records.
  if (answer.event == Event::kReady || answer.report.step != 0) take_times();
  switch (answer.event) {
    case Event::kReady:
      if (state_ != State::kPreparing || !descriptors[0] || !descriptors[1]) return finish(call);
      if (Watch::instance().change(this, socket_.get(), descriptors[0].get())) return finish(call);
      socket_ = std::move(descriptors[0]);
      container_ = std::move(descriptors[1]);
      state_ = State::kReady;
      return settle(OrderResult::Outcome::kDone, call);
    case Event::kRefused:
      settle(OrderResult::Outcome::kRefused, call);
      return finish(call);
    case Event::kForked:
      return finish(call);
  }
}

// True if orlop-init noted in its progress that it executes the application.
bool WaitingContainer::executed() const {
  uint32_t executing = 0;
  const ssize_t size = pread(progress_.get(), &executing, sizeof executing, offsetof(Progress, executing));
  return size == sizeof executing && executing == 1;
}

// Reads the times of the records that orlop-init executed, behind those of the opener.
void WaitingContainer::take_times() {
  std::vector<uint64_t> times(records_ + 1);
  const size_t size = times.size() * sizeof(uint64_t);
  if (pread(progress_.get(), times.data(), size, offsetof(Progress, times)) != static_cast<ssize_t>(size)) return;
  result_.entered = times[0];
  if (result_.times.size() < times.size()) result_.times.resize(times.size());
  for (size_t i = opened_ + 1; i < times.size(); ++i) result_.times[i] = times[i];
}

// Completes the current order.
void WaitingContainer::settle(OrderResult::Outcome outcome, Call& call) {
  if (settled_) return;
  settled_ = true;
  result_.outcome = outcome;
  result_.finished = monotonic_ns();
  // As in a start: 0 for records that were not reached, and for `exec` after a success.
  if (records_ + 1 >= result_.times.size()) result_.times.resize(records_ + 1);
  // No callback yet: `settled` takes the result later.
  if (!done_) return;
  call.result = std::move(result_);
  call.done = std::exchange(done_, nullptr);
}

// Ends the exchange. If orlop-init was about to execute the application, this is the moment of `execve`, which closed
// its end of the socket.
void WaitingContainer::finish(Call& call) {
  const bool done = !settled_ && state_ == State::kBecoming && executed();
  if (done) take_times();
  settle(done ? OrderResult::Outcome::kDone : OrderResult::Outcome::kGone, call);
  state_ = State::kOver;
  Watch::instance().drop(this, socket_.get());
  socket_.reset();
  other_end_.reset();
  container_.reset();
  progress_.reset();
  call.over = std::exchange(over_, nullptr);
}

}  // namespace orlop::pool
