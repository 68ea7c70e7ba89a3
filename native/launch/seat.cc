#include "launch/seat.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <unordered_map>
#include <utility>

#include "base/thread.h"
#include "opener/empty_namespace.h"

namespace orlop::launch {
namespace {

// The seats of this process, by the inode that both ends of a pipe have.
struct Seats {
  std::mutex mutex;
  std::unordered_map<ino_t, std::weak_ptr<Seat>> by_inode;
};

Seats& seats() {
  static auto* instance = new Seats;  // never destroyed: threads run while the program exits
  return *instance;
}

ino_t inode_of(int fd) {
  struct stat facts;
  return fstat(fd, &facts) == 0 ? facts.st_ino : 0;
}

// 0 stands for the writing thread.
Failure enter(const std::string& directory) {
  const std::string path = directory + "/tasks";
  const UniqueFd tasks(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!tasks) return failed("open", path);
  return write(tasks.get(), "0", 1) == 1 ? Failure{} : failed("write", path);
}

}  // namespace

Seat::Seat(UniqueFd held, UniqueFd wake) : held_(std::move(held)), wake_(std::move(wake)) {}

Failure Seat::open(const std::vector<std::string>& directories, UniqueFd* lease) {
  // The new thread begins in the mount namespace of this one.
  if (Failure failure = opener::EmptyNamespace::leave()) return failure;
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return failed("pipe2");
  lease->reset(ends[0]);
  UniqueFd held(ends[1]), wake(eventfd(0, EFD_CLOEXEC));
  if (!wake) return failed("eventfd");
  const ino_t inode = inode_of(ends[0]);
  const std::shared_ptr<Seat> seat(new Seat(std::move(held), std::move(wake)));
  const auto work = [seat, directories, inode] {
    seat->sit(directories);
    const std::lock_guard lock(seats().mutex);
    seats().by_inode.erase(inode);
  };
  {
    const std::lock_guard lock(seats().mutex);
    seats().by_inode[inode] = seat;
  }
  if (!start_detached_thread("orlop-seat", work)) {
    const std::lock_guard lock(seats().mutex);
    seats().by_inode.erase(inode);
    return {EAGAIN, "pthread_create", ""};
  }
  std::unique_lock lock(seat->mutex_);
  seat->changed_.wait(lock, [&] { return seat->settled_; });
  return seat->failure_;
}

std::shared_ptr<Seat> Seat::of(int lease) {
  const std::lock_guard lock(seats().mutex);
  const auto found = seats().by_inode.find(inode_of(lease));
  return found == seats().by_inode.end() ? nullptr : found->second.lock();
}

void Seat::run(const std::function<void()>& work) {
  const std::lock_guard turn(turns_);
  std::unique_lock lock(mutex_);
  work_ = &work;
  eventfd_write(wake_.get(), 1);
  changed_.wait(lock, [this] { return work_ == nullptr; });
}

void Seat::sit(const std::vector<std::string>& directories) {
  // Before the caller goes on: it is a launcher thread, whose file-system view this thread shares until then, and which
  // could not change its mount namespace.
  Failure failure = opener::unshare_file_system_view();
  for (size_t i = 0; !failure && i < directories.size(); ++i) failure = enter(directories[i]);
  const bool sits = !failure;
  settle(std::move(failure));
  if (sits) serve();
}

void Seat::settle(Failure failure) {
  const std::lock_guard lock(mutex_);
  failure_ = std::move(failure);
  settled_ = true;
  changed_.notify_all();
}

// Works until the lease is closed, which POLLERR of the other end tells (poll(2)).
void Seat::serve() {
  pollfd watched[] = {{.fd = wake_.get(), .events = POLLIN, .revents = 0},
                      {.fd = held_.get(), .events = 0, .revents = 0}};
  for (;;) {
    if (poll(watched, 2, -1) < 0) continue;
    if ((watched[0].revents & POLLIN) != 0) {
      eventfd_t count;
      eventfd_read(wake_.get(), &count);
      const std::lock_guard lock(mutex_);
      (*work_)();
      work_ = nullptr;
      changed_.notify_all();
      continue;
    }
    if (watched[1].revents != 0) return;
  }
}

}  // namespace orlop::launch
