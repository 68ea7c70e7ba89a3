#include "base/epoll_thread.h"

#include <sys/epoll.h>

#include <cerrno>
#include <utility>

#include "base/thread.h"

namespace orlop {

Failure EpollThread::prepare() {
  const std::lock_guard lock(mutex_);
  return prepare_locked();
}

Failure EpollThread::prepare_locked() {
  if (running_) return {};
  if (!epoll_) epoll_.reset(epoll_create1(EPOLL_CLOEXEC));
  if (!epoll_) return failed("epoll_create1");
  if (!start_detached_thread(name_, [this] { run(); })) return {EAGAIN, "pthread_create", ""};
  running_ = true;
  return {};
}

Failure EpollThread::add_locked(int descriptor, uint32_t events, const void* owner) {
  epoll_event event{};
  event.events = events;
  event.data.ptr = const_cast<void*>(owner);
  return epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, descriptor, &event) == 0 ? Failure{} : failed("epoll_ctl");
}

// Removed explicitly, not by the close: if another process holds a copy of the descriptor (a fork of the program, a
// child of a start), a close would leave the entry behind, ready for ever.
void EpollThread::remove_locked(int descriptor) { epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, descriptor, nullptr); }

Failure EpollThread::watch(int descriptor, uint32_t events, const Owner& owner) {
  const std::lock_guard lock(mutex_);
  if (Failure failure = prepare_locked()) return failure;
  if (Failure failure = add_locked(descriptor, events, owner.get())) return failure;
  owners_.emplace(owner.get(), owner);
  return {};
}

Failure EpollThread::change(int old_descriptor, int descriptor, uint32_t events, const void* owner) {
  const std::lock_guard lock(mutex_);
  remove_locked(old_descriptor);
  return add_locked(descriptor, events, owner);
}

EpollThread::Owner EpollThread::forget(int descriptor, const void* owner) {
  const std::lock_guard lock(mutex_);
  remove_locked(descriptor);
  auto node = owners_.extract(owner);
  return node.empty() ? nullptr : std::move(node.mapped());
}

void EpollThread::run() {
  for (;;) {
    epoll_event events[64];
    const int count = epoll_wait(epoll_.get(), events, 64, -1);
    for (int i = 0; i < count; ++i) {
      Owner owner;
      {
        const std::lock_guard lock(mutex_);
        const auto found = owners_.find(events[i].data.ptr);
        // Another thread has called `forget` meanwhile.
        if (found == owners_.end()) continue;
        owner = found->second;
      }
      ready_(owner);
    }
  }
}

}  // namespace orlop
