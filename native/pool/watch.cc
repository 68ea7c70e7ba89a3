#include "pool/watch.h"

#include <sys/epoll.h>

#include "pool/waiting_container.h"

namespace orlop::launch {

MemberWatch& MemberWatch::instance() {
  static auto* instance = new MemberWatch;  // never destroyed: its thread runs while the program exits
  return *instance;
}

MemberWatch::MemberWatch()
    : thread_("orlop-pool",
              [](const EpollThread::Owner& owner) { std::static_pointer_cast<Member>(owner)->receive(); }) {}

Failure MemberWatch::add(const std::shared_ptr<Member>& member, int socket) {
  return thread_.watch(socket, EPOLLIN, member);
}

Failure MemberWatch::change(Member* member, int old_socket, int socket) {
  return thread_.change(old_socket, socket, EPOLLRDHUP, member);
}

void MemberWatch::drop(Member* member, int socket) { thread_.forget(socket, member); }

}  // namespace orlop::launch
