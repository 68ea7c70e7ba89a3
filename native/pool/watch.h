// One thread that reads what the members of all pools say.
#pragma once

#include <memory>

#include "base/epoll_thread.h"
#include "base/failure.h"

namespace orlop::launch {

class Member;

class MemberWatch {
 public:
  // Lives as long as the program.
  static MemberWatch& instance();

  // The member is kept alive until `drop`.
  Failure add(const std::shared_ptr<Member>& member, int socket);
  // In the place of another socket of the same member. Only the end of this one wakes the thread: what is said on it
  // is said right before, and a thread that woke for it would take a processor from the application that begins.
  Failure change(Member* member, int old_socket, int socket);
  void drop(Member* member, int socket);

 private:
  MemberWatch();

  EpollThread thread_;
};

}  // namespace orlop::launch
