#include "supervise/reaper.h"

#include <sys/epoll.h>

namespace orlop::supervise {

Reaper& Reaper::instance() {
  static auto* instance = new Reaper;  // never destroyed: its thread runs while the program exits
  return *instance;
}

Reaper::Reaper()
    : thread_("orlop-reap", [this](const EpollThread::Owner& owner) {
        const auto process = std::static_pointer_cast<Process>(owner);
        thread_.forget(process->pidfd(), process.get());
        process->finish();
      }) {}

Failure Reaper::watch(const std::shared_ptr<Process>& process) {
  return thread_.watch(process->pidfd(), EPOLLIN, process);
}

}  // namespace orlop::supervise
