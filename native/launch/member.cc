#include "launch/member.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "base/clock.h"
#include "launch/member_watch.h"
#include "plan/reader.h"

namespace orlop::launch {
namespace {

using helper::Answer;
using helper::Event;
using helper::Order;

constexpr unsigned kCloexec = 1;  // MFD_CLOEXEC; the C library of 2.28 has it, its older headers not

// A file in memory with the plan, for one that is too large for a message.
Failure put_in_memory(const std::vector<uint8_t>& plan, UniqueFd& file) {
  file.reset(static_cast<int>(syscall(SYS_memfd_create, "orlop-plan", kCloexec)));
  if (!file) return failed("memfd_create");
  for (size_t done = 0; done < plan.size();) {
    const ssize_t size = write(file.get(), plan.data() + done, plan.size() - done);
    if (size < 0) return failed("write");
    done += static_cast<size_t>(size);
  }
  return {};
}

// Never waits: a member has at most one order in its socket.
Failure send_order(int socket, const std::vector<uint8_t>& plan, uint32_t features, std::vector<int> descriptors) {
  Order order{.size = static_cast<uint32_t>(plan.size()), .attached = 0, .features = features, .reserved = 0};
  UniqueFd file;
  iovec parts[2] = {{&order, sizeof order}, {const_cast<uint8_t*>(plan.data()), plan.size()}};
  msghdr header{};
  header.msg_iov = parts;
  header.msg_iovlen = 2;
  if (plan.size() > helper::kLargestInline) {
    if (Failure failure = put_in_memory(plan, file)) return failure;
    descriptors.push_back(file.get());
    order.attached = 1;
    header.msg_iovlen = 1;
  }
  alignas(cmsghdr) uint8_t control[CMSG_SPACE(helper::kMaxDescriptors * sizeof(int))] = {};
  if (descriptors.size() > helper::kMaxDescriptors) return {E2BIG, "sendmsg", ""};
  if (!descriptors.empty()) {
    header.msg_control = control;
    header.msg_controllen = CMSG_SPACE(descriptors.size() * sizeof(int));
    cmsghdr* rights = CMSG_FIRSTHDR(&header);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(descriptors.size() * sizeof(int));
    memcpy(CMSG_DATA(rights), descriptors.data(), descriptors.size() * sizeof(int));
  }
  if (sendmsg(socket, &header, MSG_NOSIGNAL | MSG_DONTWAIT) < 0) return failed("sendmsg");
  return {};
}

size_t records_of(const std::vector<uint8_t>& plan) { return plan::View(plan.data()).count(); }

}  // namespace

Failure Member::create(const std::vector<uint8_t>& plan, uint32_t features, std::shared_ptr<Member>& member) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) return failed("socketpair");
  auto made = std::make_shared<Member>();
  made->socket_.reset(ends[0]);
  made->other_end_.reset(ends[1]);
  made->records_ = records_of(plan);
  made->result_.called = made->result_.sent = monotonic_ns();
  if (Failure failure = send_order(ends[0], plan, features, {})) return failure;
  if (Failure failure = MemberWatch::instance().add(made, ends[0])) return failure;
  member = std::move(made);
  return {};
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
    result = result_;
  }
  done(result);
}

Failure Member::become(const std::vector<uint8_t>& plan, uint32_t features, const std::vector<int>& descriptors,
                       Done done, uint64_t called) {
  MemberResult gone;
  {
    const std::lock_guard lock(mutex_);
    if (state_ == State::kReady) {
      result_ = {.called = called, .sent = monotonic_ns()};
      records_ = records_of(plan);
      settled_ = false;
      Failure failure = send_order(socket_.get(), plan, features, descriptors);
      if (failure.error == 0) {
        state_ = State::kBecoming;
        done_ = std::move(done);
        return {};
      }
      if (failure.error != EPIPE && failure.error != ECONNRESET) return failure;
    }
    gone.called = called;
  }
  done(gone);
  return {};
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
  if (call.done) call.done(call.result);
  if (call.over) call.over();
}

void Member::close() {
  const auto self = shared_from_this();
  Call call;
  {
    const std::lock_guard lock(mutex_);
    if (state_ == State::kOver) return;
    finish(call);
  }
  if (call.done) call.done(call.result);
  if (call.over) call.over();
}

void Member::receive() {
  const auto self = shared_from_this();
  for (bool more = true; more;) {
    Call call;
    {
      const std::lock_guard lock(mutex_);
      more = state_ != State::kOver && receive_one(call);
    }
    if (call.done) call.done(call.result);
    if (call.over) call.over();
  }
}

// One message, or the end. False when there is nothing more to read.
bool Member::receive_one(Call& call) {
  constexpr size_t kLargest = sizeof(Answer) + (plan::kMaxOps + 1) * sizeof(uint64_t);
  const std::unique_ptr<uint8_t[]> bytes(new uint8_t[kLargest]);
  alignas(cmsghdr) uint8_t control[CMSG_SPACE(sizeof(int))] = {};
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
  UniqueFd descriptor;
  const cmsghdr* rights = CMSG_FIRSTHDR(&header);
  if (rights != nullptr && rights->cmsg_type == SCM_RIGHTS) {
    int number;
    memcpy(&number, CMSG_DATA(rights), sizeof number);
    descriptor.reset(number);
  }
  take(bytes.get(), static_cast<size_t>(size), std::move(descriptor), call);
  return state_ != State::kOver;
}

void Member::take(const uint8_t* bytes, size_t size, UniqueFd descriptor, Call& call) {
  const auto& answer = *reinterpret_cast<const Answer*>(bytes);
  if (size < sizeof answer || (size - sizeof answer) / sizeof(uint64_t) != answer.times) return finish(call);
  const auto* times = reinterpret_cast<const uint64_t*>(bytes + sizeof answer);
  result_.times.assign(times, times + answer.times);
  result_.report = answer.report;
  switch (answer.event) {
    case Event::kReady:
      if (state_ != State::kPreparing || !descriptor) return finish(call);
      if (MemberWatch::instance().change(this, socket_.get(), descriptor.get())) return finish(call);
      socket_ = std::move(descriptor);
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

// The order that runs has come to its end.
void Member::settle(MemberResult::Outcome outcome, Call& call) {
  if (settled_) return;
  settled_ = true;
  result_.outcome = outcome;
  result_.finished = monotonic_ns();
  // As in a start: what was not reached is 0, and `exec` after a success.
  if (records_ + 1 >= result_.times.size()) result_.times.resize(records_ + 1);
  call.result = result_;
  call.done = std::exchange(done_, nullptr);
}

// Nothing more comes. After `executing` this is the moment of execve, which closed the member's end.
void Member::finish(Call& call) {
  settle(executing_ ? MemberResult::Outcome::kDone : MemberResult::Outcome::kGone, call);
  state_ = State::kOver;
  MemberWatch::instance().drop(this, socket_.get());
  socket_.reset();
  other_end_.reset();
  call.over = std::exchange(over_, nullptr);
}

}  // namespace orlop::launch
