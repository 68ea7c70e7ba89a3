// The watch thread reads the answers of all waiting containers.
#pragma once

#include <memory>

#include "base/epoll_thread.h"
#include "base/failure.h"

namespace orlop::pool {

class WaitingContainer;

class Watch {
 public:
  // Lives as long as the program.
  static Watch& instance();

  // The watch holds the waiting container until `drop`.
  Failure add(const std::shared_ptr<WaitingContainer>& waiting, int socket);
  // Replaces the socket. The thread wakes at the end of the new socket only: an answer on it comes right before the
  // end, and a wake-up would take a processor from the application that begins.
  Failure change(WaitingContainer* waiting, int old_socket, int socket);
  void drop(WaitingContainer* waiting, int socket);

 private:
  Watch();

  EpollThread thread_;
};

}  // namespace orlop::pool
