#include "pool/watch.h"

#include <sys/epoll.h>

#include "pool/waiting_container.h"

namespace orlop::pool {

Watch& Watch::instance() {
  static auto* instance = new Watch;  // never destroyed: its thread runs while the program exits
  return *instance;
}

Watch::Watch()
    : thread_("orlop-pool",
              [](const EpollThread::Owner& owner) { std::static_pointer_cast<WaitingContainer>(owner)->receive(); }) {}

Failure Watch::add(const std::shared_ptr<WaitingContainer>& waiting, int socket) {
  return thread_.watch(socket, EPOLLIN, waiting);
}

Failure Watch::change(WaitingContainer* waiting, int old_socket, int socket) {
  return thread_.change(old_socket, socket, EPOLLRDHUP, waiting);
}

void Watch::drop(WaitingContainer* waiting, int socket) { thread_.forget(socket, waiting); }

}  // namespace orlop::pool
