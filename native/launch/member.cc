#include "launch/member.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/clock.h"
#include "launch/launcher.h"
#include "launch/member_watch.h"
#include "launch/trees.h"
#include "plan/reader.h"

namespace orlop::launch {
namespace {

using helper::Answer;
using helper::Event;

// The other end is closed: it has ended, and whoever waits for it hears that.
bool is_gone(const Failure& failure) { return failure.error == EPIPE || failure.error == ECONNRESET; }

}  // namespace

Failure Member::create(std::shared_ptr<Member>& member) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) return failed("socketpair");
  auto made = std::make_shared<Member>();
  made->socket_.reset(ends[0]);
  made->other_end_.reset(ends[1]);
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
  hand_over(std::move(order), {});
}

void Member::on_ready(Done done) {
  MemberResult result;
  {
    const std::lock_guard lock(mutex_);
    other_end_.reset();
    if (!settled_) {
      done_ = std::move(done);
      return;
    }
    result = std::move(result_);
  }
  done(std::move(result));
}

void Member::become(MemberOrder order, Done done, uint64_t called) {
  bool waits;
  // Its mounts stay as long as somebody has its namespace: not longer than it takes to attach to it.
  UniqueFd container;
  Call call;
  {
    const std::lock_guard lock(mutex_);
    waits = state_ == State::kReady;
    if (waits) {
      container = std::move(container_);
      state_ = State::kBecoming;
      // It waits no longer.
      call.over = std::exchange(over_, nullptr);
      result_ = {};
      result_.called = called;
      records_ = plan::View(order.plan.data()).count();
      settled_ = false;
      done_ = std::move(done);
    }
  }
  if (waits) {
    hand_over(std::move(order), std::move(container));
  } else {
    call.result.called = called;
    call.done = std::move(done);
  }
  tell(std::move(call));
}

void Member::hand_over(MemberOrder order, UniqueFd container) {
  if (order.opened() == 0) return send(order, {});
  // Shared, because a job can be copied.
  struct Opening {
    std::shared_ptr<Member> member;
    MemberOrder order;
    UniqueFd container;
  };
  const auto opening = std::make_shared<Opening>(Opening{shared_from_this(), std::move(order), std::move(container)});
  const Failure failure = Launcher::instance().submit([opening](const ChildStack&) -> Launcher::Tell {
    opening->member->open(opening->order, opening->container);
    return nullptr;  // what was sent is heard of elsewhere
  });
  if (failure) give_up(failure);
}

// On a launcher's thread.
void Member::open(MemberOrder& order, UniqueFd& container) {
  OwnPlan opened;
  std::vector<int> supplied(order.supplies.size(), -1);
  supplied.push_back(container.get());
  const Failure failure = open_trees(order.plan, order.features, &opened, supplied);
  container.reset();
  if (failure) return give_up(failure);
  if (opened.executed) return send(order, std::move(opened));
  Call call;
  {
    const std::lock_guard lock(mutex_);
    result_.report = opened.report;
    result_.times = std::move(opened.times);
    settle(MemberResult::Outcome::kRefused, call);
    if (state_ != State::kOver) finish(call);
  }
  tell(std::move(call));
}

void Member::send(MemberOrder& order, OwnPlan opened) {
  std::vector<UniqueFd> pipes;
  Failure failure = open_supplies(order.supplies, pipes);
  if (!failure) {
    const std::lock_guard lock(mutex_);
    if (state_ == State::kOver) return;
    opened_ = order.opened();
    result_.pipes = std::move(pipes);
    result_.times = std::move(opened.times);
    result_.sent = monotonic_ns();
    if (result_.times.empty()) result_.times.push_back(result_.sent);
    failure = send_order(socket_.get(), order, opened.slots);
  }
  // The other ends of pipes are the application's alone.
  order.supplies.clear();
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
  constexpr size_t kLargest = sizeof(Answer) + (plan::kMaxOps + 1) * sizeof(uint64_t);
  const std::unique_ptr<uint8_t[]> bytes(new uint8_t[kLargest]);
  int numbers[helper::kAnswerDescriptors] = {-1, -1};
  alignas(cmsghdr) uint8_t control[CMSG_SPACE(sizeof numbers)] = {};
  iovec part = {bytes.get(), kLargest};
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
  if (size <= 0) {
    finish(call);
    return false;
  }
  const cmsghdr* rights = CMSG_FIRSTHDR(&header);
  if (rights != nullptr && rights->cmsg_type == SCM_RIGHTS) {
    memcpy(numbers, CMSG_DATA(rights), std::min<size_t>(sizeof numbers, rights->cmsg_len - CMSG_LEN(0)));
  }
  UniqueFd descriptors[] = {UniqueFd(numbers[0]), UniqueFd(numbers[1])};
  take(bytes.get(), static_cast<size_t>(size), descriptors, call);
  return state_ != State::kOver;
}

void Member::take(const uint8_t* bytes, size_t size, UniqueFd (&descriptors)[helper::kAnswerDescriptors], Call& call) {
  const auto& answer = *reinterpret_cast<const Answer*>(bytes);
  if (size < sizeof answer || (size - sizeof answer) / sizeof(uint64_t) != answer.times) return finish(call);
  take_times(reinterpret_cast<const uint64_t*>(bytes + sizeof answer), answer.times);
  result_.report = answer.report;
  switch (answer.event) {
    case Event::kReady:
      if (state_ != State::kPreparing || !descriptors[0] || !descriptors[1]) return finish(call);
      if (MemberWatch::instance().change(this, socket_.get(), descriptors[0].get())) return finish(call);
      socket_ = std::move(descriptors[0]);
      container_ = std::move(descriptors[1]);
      state_ = State::kReady;
      return settle(MemberResult::Outcome::kDone, call);
    case Event::kExecuting:
      executing_ = state_ == State::kBecoming;
      return;
    case Event::kRefused:
      executing_ = false;
      settle(MemberResult::Outcome::kRefused, call);
      return finish(call);
  }
}

// Those of the records that the member executed, behind those of the opener.
void Member::take_times(const uint64_t* times, size_t count) {
  if (count == 0) return;
  result_.entered = times[0];
  if (result_.times.size() < count) result_.times.resize(count);
  for (size_t i = opened_ + 1; i < count; ++i) result_.times[i] = times[i];
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

// Nothing more comes. After `executing` this is the moment of execve, which closed the member's end.
void Member::finish(Call& call) {
  settle(executing_ ? MemberResult::Outcome::kDone : MemberResult::Outcome::kGone, call);
  state_ = State::kOver;
  MemberWatch::instance().drop(this, socket_.get());
  socket_.reset();
  other_end_.reset();
  container_.reset();
  call.over = std::exchange(over_, nullptr);
}

}  // namespace orlop::launch
