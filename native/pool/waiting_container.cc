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

namespace orlop::launch {
namespace {

using helper::Answer;
using helper::Event;
using helper::Record;

// The other end is closed: it has ended, and whoever waits for it hears that.
bool is_gone(const Failure& failure) { return failure.error == EPIPE || failure.error == ECONNRESET; }

}  // namespace

Failure Member::create(std::shared_ptr<Member>& member) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) return failed("socketpair");
  auto made = std::make_shared<Member>();
  made->socket_.reset(ends[0]);
  made->other_end_.reset(ends[1]);
  if (Failure failure = make_file("orlop-record", made->record_)) return failure;
  if (ftruncate(made->record_.get(), sizeof(Record)) != 0) return failed("ftruncate");
  if (Failure failure = MemberWatch::instance().add(made, ends[0])) return failure;
  member = std::move(made);
  return {};
}

void Member::tell(Call call) {
  if (call.done) call.done(std::move(call.result));
  if (call.over) call.over();
}

void Member::prepare(MemberOrder order) {
  {
    const std::lock_guard lock(mutex_);
    result_.called = monotonic_ns();
    records_ = plan::View(order.plan.data()).count();
  }
  hand_over(std::move(order));
}

void Member::on_ready(Done done) {
  {
    const std::lock_guard lock(mutex_);
    other_end_.reset();
  }
  settled(std::move(done));
}

void Member::on_become(Done done) { settled(std::move(done)); }

// Calls back with the result of the order that runs, now or when it is there.
void Member::settled(Done done) {
  MemberResult result;
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

bool Member::become(MemberOrder order, uint64_t called) {
  Call call;
  {
    const std::lock_guard lock(mutex_);
    if (state_ != State::kReady) return false;
    state_ = State::kBecoming;
    // It waits no longer.
    call.over = std::exchange(over_, nullptr);
    result_ = {};
    result_.called = called;
    records_ = plan::View(order.plan.data()).count();
    settled_ = false;
  }
  hand_over(std::move(order));
  tell(std::move(call));
  return true;
}

void Member::hand_over(MemberOrder order) {
  Opening opening;
  {
    const std::lock_guard lock(mutex_);
    if (opener_ == Opener::kNone && order.opened() > 0) {
      opener_ = Opener::kRuns;
      // Its mounts stay as long as somebody has its namespace: not longer than it takes to attach to it.
      opening = {order.plan, order.features, std::move(order.supplies), std::move(container_)};
    }
    if (opener_ == Opener::kRuns) order_ = std::move(order);
  }
  if (!opening.plan.empty()) {
    submit(std::move(opening));
  } else if (!order.plan.empty()) {
    deliver(std::move(order));
  }
}

void Member::submit(Opening opening) {
  // Shared, because a job can be copied.
  const auto shared = std::make_shared<Opening>(std::move(opening));
  const Failure failure =
      Launcher::instance().submit([member = shared_from_this(), shared](const ChildStack&) -> Launcher::Tell {
        member->open(*shared);
        return nullptr;  // what was sent is heard of elsewhere
      });
  if (failure) take_opened({.failure = failure, .plan = {}, .supplies = {}, .pipes = {}});
}

// On a launcher's thread.
void Member::open(Opening& opening) {
  Opened opened;
  std::vector<int> supplied(opening.supplies.size(), -1);
  supplied.push_back(opening.container.get());
  opened.failure = open_trees(opening.plan, opening.features, &opened.plan, supplied);
  opening.container.reset();
  opened.supplies = std::move(opening.supplies);
  if (!opened.failure) opened.failure = open_supplies(opened.supplies, opened.pipes);
  take_opened(std::move(opened));
}

void Member::take_opened(Opened opened) {
  std::optional<MemberOrder> order;
  {
    const std::lock_guard lock(mutex_);
    opener_ = Opener::kDone;
    ready_ = std::move(opened);
    order = std::exchange(order_, std::nullopt);
  }
  if (order) deliver(std::move(*order));
}

// An order for which all is open, or which needs no opener.
void Member::deliver(MemberOrder order) {
  Opened opened;
  bool direct;
  {
    const std::lock_guard lock(mutex_);
    direct = std::exchange(opener_, Opener::kNone) == Opener::kNone;
    if (!direct) opened = std::move(ready_);
  }
  if (direct) {
    opened.supplies = std::move(order.supplies);
    opened.failure = open_supplies(opened.supplies, opened.pipes);
  }
  if (opened.failure) return give_up(opened.failure);
  if (direct || opened.plan.executed) return send(order, std::move(opened));
  Call call;
  {
    const std::lock_guard lock(mutex_);
    result_.report = opened.plan.report;
    result_.times = std::move(opened.plan.times);
    settle(MemberResult::Outcome::kRefused, call);
    if (state_ != State::kOver) finish(call);
  }
  tell(std::move(call));
}

void Member::send(MemberOrder& order, Opened opened) {
  order.supplies = std::move(opened.supplies);
  Failure failure;
  {
    const std::lock_guard lock(mutex_);
    if (state_ == State::kOver) return;
    opened_ = order.opened();
    result_.pipes = std::move(opened.pipes);
    result_.times = std::move(opened.plan.times);
    result_.sent = monotonic_ns();
    if (result_.times.empty()) result_.times.push_back(result_.sent);
    const int record = state_ == State::kPreparing ? record_.get() : -1;
    failure = send_order(socket_.get(), order, opened.plan.slots, record);
  }
  // The other ends of pipes are the application's alone.
  order.supplies.clear();
  // While the member makes the container of it.
  if (!order.paths.empty()) look_up_in_union(order.plan, opened.plan.slots, order.paths);
  if (failure) give_up(failure);
}

void Member::give_up(const Failure& failure) {
  Call call;
  {
    const std::lock_guard lock(mutex_);
    if (state_ == State::kOver) return;
    result_.failure = failure;
    settle(is_gone(failure) ? MemberResult::Outcome::kGone : MemberResult::Outcome::kFailed, call);
    finish(call);
  }
  tell(std::move(call));
}

void Member::on_over(std::function<void()> over) {
  {
    const std::lock_guard lock(mutex_);
    if (state_ != State::kOver) {
      over_ = std::move(over);
      return;
    }
  }
  over();
}

void Member::ended() {
  const auto self = shared_from_this();  // the watch may have the last other one
  receive();
  Call call;
  {
    const std::lock_guard lock(mutex_);
    if (state_ == State::kOver) return;
    finish(call);
  }
  tell(std::move(call));
}

void Member::close() {
  const auto self = shared_from_this();
  Call call;
  {
    const std::lock_guard lock(mutex_);
    if (state_ == State::kOver) return;
    finish(call);
  }
  tell(std::move(call));
}

void Member::receive() {
  const auto self = shared_from_this();
  for (bool more = true; more;) {
    Call call;
    {
      const std::lock_guard lock(mutex_);
      more = state_ != State::kOver && receive_one(call);
    }
    tell(std::move(call));
  }
}

// One message, or the end. False when there is nothing more to read.
bool Member::receive_one(Call& call) {
  Answer answer;
  int numbers[helper::kAnswerDescriptors] = {-1, -1};
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

void Member::take(const Answer& answer, UniqueFd (&descriptors)[helper::kAnswerDescriptors], Call& call) {
  result_.report = answer.report;
  // A plan that was refused as a whole has no records that could be timed.
  if (answer.event == Event::kReady || answer.report.step != 0) take_times();
  switch (answer.event) {
    case Event::kReady:
      if (state_ != State::kPreparing || !descriptors[0] || !descriptors[1]) return finish(call);
      if (MemberWatch::instance().change(this, socket_.get(), descriptors[0].get())) return finish(call);
      socket_ = std::move(descriptors[0]);
      container_ = std::move(descriptors[1]);
      state_ = State::kReady;
      return settle(MemberResult::Outcome::kDone, call);
    case Event::kRefused:
      settle(MemberResult::Outcome::kRefused, call);
      return finish(call);
  }
}

// Whether the member said so before it ended.
bool Member::executed() const {
  uint32_t executing = 0;
  const ssize_t size = pread(record_.get(), &executing, sizeof executing, offsetof(Record, executing));
  return size == sizeof executing && executing == 1;
}

// Those of the records that the member executed, behind those of the opener.
void Member::take_times() {
  std::vector<uint64_t> times(records_ + 1);
  const size_t size = times.size() * sizeof(uint64_t);
  if (pread(record_.get(), times.data(), size, offsetof(Record, times)) != static_cast<ssize_t>(size)) return;
  result_.entered = times[0];
  if (result_.times.size() < times.size()) result_.times.resize(times.size());
  for (size_t i = opened_ + 1; i < times.size(); ++i) result_.times[i] = times[i];
}

// The order that runs has come to its end.
void Member::settle(MemberResult::Outcome outcome, Call& call) {
  if (settled_) return;
  settled_ = true;
  result_.outcome = outcome;
  result_.finished = monotonic_ns();
  // As in a start: what was not reached is 0, and `exec` after a success.
  if (records_ + 1 >= result_.times.size()) result_.times.resize(records_ + 1);
  // For whoever asks later.
  if (!done_) return;
  call.result = std::move(result_);
  call.done = std::exchange(done_, nullptr);
}

// Nothing more comes. For one that was about to execute the application this is the moment of execve, which closed the
// member's end.
void Member::finish(Call& call) {
  const bool done = !settled_ && state_ == State::kBecoming && executed();
  if (done) take_times();
  settle(done ? MemberResult::Outcome::kDone : MemberResult::Outcome::kGone, call);
  state_ = State::kOver;
  MemberWatch::instance().drop(this, socket_.get());
  socket_.reset();
  other_end_.reset();
  container_.reset();
  record_.reset();
  call.over = std::exchange(over_, nullptr);
}

}  // namespace orlop::launch
