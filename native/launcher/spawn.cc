#include "launcher/spawn.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <unistd.h>

#include <utility>

#include "base/pidfd.h"
#include "launcher/calls.h"
#include "launcher/orphans.h"

namespace orlop::launcher {
namespace {

Failure execute(const std::string& executable, const std::vector<std::string>& arguments, int socket, int given,
                pid_t* pid) {
  posix_spawn_file_actions_t files;
  posix_spawnattr_t attributes;
  sigset_t none, all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDWR, 0);
  posix_spawn_file_actions_adddup2(&files, 0, 1);
  posix_spawn_file_actions_adddup2(&files, 0, 2);
  // To its own number a descriptor keeps the flag FD_CLOEXEC in older C libraries; both are above.
  posix_spawn_file_actions_adddup2(&files, socket, kControl);
  if (given >= 0) posix_spawn_file_actions_adddup2(&files, given, kGiven);
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  std::string name = "orlop-launcher";
  std::vector<char*> argv = {name.data()};
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  char* environment[] = {nullptr};
  const int error = posix_spawn(pid, executable.c_str(), &files, &attributes, argv.data(), environment);
  posix_spawn_file_actions_destroy(&files);
  posix_spawnattr_destroy(&attributes);
  return error == 0 ? Failure{} : Failure{error, "execve", executable};
}

Failure move_up(int fd, UniqueFd* moved) {
  moved->reset(fcntl(fd, F_DUPFD_CLOEXEC, kGiven + 1));
  return *moved ? Failure{} : failed("fcntl");
}

}  // namespace

Failure socket_pair(UniqueFd* ours, UniqueFd* theirs) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return failed("socketpair");
  ours->reset(ends[0]);
  const UniqueFd other(ends[1]);
  return move_up(other.get(), theirs);
}

Failure spawn(const std::string& executable, const std::vector<std::string>& arguments, int given, UniqueFd* socket,
              std::shared_ptr<supervise::Process>* process) {
  UniqueFd theirs, moved;
  if (Failure failure = socket_pair(socket, &theirs)) return failure;
  if (given >= 0) {
    if (Failure failure = move_up(given, &moved)) return failure;
  }
  pid_t pid = 0;
  if (Failure failure = execute(executable, arguments, theirs.get(), moved.get(), &pid)) return failure;
  UniqueFd pidfd = open_pidfd(pid);
  if (!pidfd) {
    Failure failure = failed("pidfd_open");
    end_child(pid);
    return failure;
  }
  *process = supervise::Process::child(pid, std::move(pidfd), 0);
  return {};
}

}  // namespace orlop::launcher
