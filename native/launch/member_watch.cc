#include "launch/member_watch.h"

#include <sys/epoll.h>

#include <cerrno>

#include "base/thread.h"
#include "launch/member.h"

namespace orlop::launch {
namespace {

Failure watch(int epoll, int socket, uint32_t events, Member* member) {
  epoll_event event{};
  event.events = events;
  event.data.ptr = member;
  return epoll_ctl(epoll, EPOLL_CTL_ADD, socket, &event) == 0 ? Failure{} : failed("epoll_ctl");
}

}  // namespace

MemberWatch& MemberWatch::instance() {
  static auto* instance = new MemberWatch;  // never destroyed: its thread runs while the program exits
  return *instance;
}

Failure MemberWatch::start_locked() {
  if (running_) return {};
  if (!epoll_) epoll_.reset(epoll_create1(EPOLL_CLOEXEC));
  if (!epoll_) return failed("epoll_create1");
  if (!start_detached_thread("orlop-pool", [this] { run(); })) return {EAGAIN, "pthread_create", ""};
  running_ = true;
  return {};
}

Failure MemberWatch::add(const std::shared_ptr<Member>& member, int socket) {
  const std::lock_guard lock(mutex_);
  if (Failure failure = start_locked()) return failure;
  if (Failure failure = watch(epoll_.get(), socket, EPOLLIN, member.get())) return failure;
  watched_.emplace(member.get(), member);
  return {};
}

Failure MemberWatch::change(Member* member, int old_socket, int socket) {
  const std::lock_guard lock(mutex_);
  epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, old_socket, nullptr);
  return watch(epoll_.get(), socket, EPOLLRDHUP, member);
}

void MemberWatch::drop(Member* member, int socket) {
  std::shared_ptr<Member> last;  // destroyed without the lock
  const std::lock_guard lock(mutex_);
  // By hand and not by closing: a child of a start may hold a copy of the socket, and with it the entry.
  epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, socket, nullptr);
  auto node = watched_.extract(member);
  if (!node.empty()) last = std::move(node.mapped());
}

void MemberWatch::run() {
  for (;;) {
    epoll_event events[64];
    const int count = epoll_wait(epoll_.get(), events, 64, -1);
    for (int i = 0; i < count; ++i) {
      std::shared_ptr<Member> member;
      {
        const std::lock_guard lock(mutex_);
        const auto found = watched_.find(static_cast<Member*>(events[i].data.ptr));
        if (found != watched_.end()) member = found->second;
      }
      if (member != nullptr) member->receive();
    }
  }
}

}  // namespace orlop::launch
