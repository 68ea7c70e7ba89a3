#include "launcher/orphans.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>

#include "base/pidfd.h"
#include "base/unique_fd.h"
#include "fs/listing.h"

namespace orlop::launcher {
namespace {

constexpr char kThreads[] = "/proc/self/task";

bool is_in(pid_t pid, const struct stat& user_namespace) {
  struct stat info{};
  const std::string path = "/proc/" + std::to_string(pid) + "/ns/user";
  return stat(path.c_str(), &info) == 0 && info.st_ino == user_namespace.st_ino && info.st_dev == user_namespace.st_dev;
}

// Adds the children of a thread, proc_pid_task(5).
void add_children(const char* thread, std::vector<pid_t>* pids) {
  const UniqueFd file(open((std::string(kThreads) + "/" + thread + "/children").c_str(), O_RDONLY | O_CLOEXEC));
  std::string text(64 * 1024, '\0');
  const ssize_t size = file ? read(file.get(), text.data(), text.size()) : 0;
  text.resize(size > 0 ? static_cast<size_t>(size) : 0);
  for (size_t at = 0, end; (end = text.find(' ', at)) != std::string::npos; at = end + 1) {
    pids->push_back(static_cast<pid_t>(parse_decimal(text.substr(at, end - at)).value_or(0)));
  }
}

std::vector<pid_t> children() {
  std::vector<pid_t> pids;
  const UniqueFd threads(open(kThreads, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  fs::Listing listing;
  if (!threads || listing.read(threads.get(), kThreads)) return pids;
  for (fs::Entry thread; listing.next(&thread);) add_children(thread.name, &pids);
  return pids;
}

}  // namespace

void end_child(pid_t pid) {
  if (pid <= 0 || kill(pid, SIGKILL) != 0) return;
  siginfo_t info;
  while (waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | __WALL) != 0 && errno == EINTR) {
  }
}

void end_children_of(pid_t launcher, int user_namespace, const std::vector<pid_t>& known) {
  struct stat info{};
  const bool has_namespace = user_namespace >= 0 && fstat(user_namespace, &info) == 0;
  for (const pid_t pid : children()) {
    const bool is_known = std::find(known.begin(), known.end(), pid) != known.end();
    const bool is_of_launcher = getsid(pid) == launcher || (has_namespace && is_in(pid, info));
    if (!is_known && is_of_launcher) end_child(pid);
  }
}

}  // namespace orlop::launcher
