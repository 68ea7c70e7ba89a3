// orlop-launcher: makes the system calls that a user may make only in a user namespace. The addon starts it.
//
//   orlop-launcher UID_MAP GID_MAP NEWUIDMAP NEWGIDMAP     3: the socket for control
//   orlop-launcher                                         3: a socket, 4: the pidfd of a container's process
//
// A map has the lines of uid_map(5); empty maps: no user namespace. The process writes a map of its own ID. Others are
// written from outside: by newuidmap(1) and newgidmap(1), or without them by a caller with CAP_SETUID and CAP_SETGID.
#include <fcntl.h>
#include <malloc.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <string_view>
#include <vector>

#include "base/errno_name.h"
#include "base/pidfd.h"
#include "base/syscall_numbers.h"
#include "base/unique_fd.h"
#include "fs/view.h"
#include "launch/features.h"
#include "launch/id_maps.h"
#include "launcher/calls.h"
#include "launcher/server.h"
#include "launcher/wire.h"

namespace orlop::launcher {
namespace {

[[noreturn]] void refuse(Step step, const Failure& failure, std::string_view text = {}) {
  Writer hello;
  hello.put(step).failure(failure).text(text);
  (void)send_message(kControl, hello);
  _exit(1);
}

std::vector<std::string> words_of(std::string_view map) {
  std::vector<std::string> words(1);
  for (const char letter : map) {
    if (letter != ' ' && letter != '\n') {
      words.back() += letter;
    } else if (!words.back().empty()) {
      words.emplace_back();
    }
  }
  if (words.back().empty()) words.pop_back();
  return words;
}

// True for a map of one ID: `INSIDE OUTSIDE 1`.
bool is_one_id(std::string_view map) {
  const std::vector<std::string> words = words_of(map);
  return words.size() == 3 && words[2] == "1";
}

// Executes newuidmap or newgidmap for a process. Its standard error is the pipe.
[[noreturn]] void execute_helper(const char* helper, pid_t pid, std::string_view map) {
  std::vector<std::string> words = words_of(map);
  words.insert(words.begin(), {std::string(helper), std::to_string(pid)});
  std::vector<char*> argv;
  argv.reserve(words.size() + 1);
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  char* environment[] = {nullptr};
  execve(helper, argv.data(), environment);
  static constexpr char kMissing[] = "it cannot be executed";
  (void)!write(STDERR_FILENO, kMissing, sizeof kMissing - 1);
  _exit(127);
}

pid_t start_helper(const char* helper, pid_t pid, std::string_view map) {
  const pid_t child = fork();
  if (child == 0) execute_helper(helper, pid, map);
  return child;
}

// Waits for the end of a helper.
bool has_mapped(pid_t child) {
  int status = 0;
  while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return child > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

// Writes the maps of a process. False after a message to the standard error.
bool write_maps(const char* const* helpers, pid_t pid, const char* const* maps) {
  if (helpers[0][0] != '\0') {
    // At the same time: each takes longer than all else before the launcher serves.
    const pid_t users = start_helper(helpers[0], pid, maps[0]);
    const pid_t groups = start_helper(helpers[1], pid, maps[1]);
    const bool mapped = has_mapped(users);
    return has_mapped(groups) && mapped;
  }
  const UniqueFd process = open_pidfd(pid);
  launch::IdMaps both{.uid_map = maps[0], .gid_map = maps[1]};
  const Failure failure = process ? launch::write_id_maps(process.get(), both) : failed("pidfd_open");
  if (!failure) return true;
  const std::string text = std::string(failure.call) + " " + failure.path + ": " + errno_name(failure.error);
  (void)!write(STDERR_FILENO, text.data(), text.size());
  return false;
}

// A process outside of the user namespace, which writes the maps of this one after a byte came.
class Mapper {
 public:
  Mapper(const char* const* maps, const char* const* helpers) {
    if (pipe2(go_, O_CLOEXEC) != 0 || pipe2(text_, O_CLOEXEC) != 0) refuse(Step::kMapByHelper, failed("pipe2"));
    const pid_t target = getpid();
    child_ = fork();
    if (child_ < 0) refuse(Step::kMapByHelper, failed("fork"));
    if (child_ > 0) {
      close(text_[1]);
      return;
    }
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    dup2(text_[1], STDERR_FILENO);
    close(go_[1]);
    char byte;
    if (read(go_[0], &byte, 1) != 1) _exit(0);
    _exit(write_maps(helpers, target, maps) ? 0 : 1);
  }

  // False if they were not written, with a message.
  bool map(std::string* text) {
    (void)!write(go_[1], "", 1);
    char buffer[512];
    ssize_t got;
    // To the end, so that no helper waits for the pipe.
    while ((got = read(text_[0], buffer, sizeof buffer)) > 0) {
      if (text->size() < 4096) text->append(buffer, static_cast<size_t>(got));
    }
    int status = 0;
    while (waitpid(child_, &status, 0) < 0 && errno == EINTR) {
    }
    close(go_[0]);
    close(go_[1]);
    close(text_[0]);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
  }

 private:
  int go_[2], text_[2];
  pid_t child_;
};

void write_own(const char* path, std::string_view text) {
  const UniqueFd file(open(path, O_WRONLY | O_CLOEXEC));
  if (!file || write(file.get(), text.data(), text.size()) < 0) refuse(Step::kMap, failed("write", path));
}

void enter_user_namespace(const char* const* maps, const char* const* helpers) {
  const bool from_outside = !is_one_id(maps[0]) || !is_one_id(maps[1]);
  Mapper* const mapper = from_outside ? new Mapper(maps, helpers) : nullptr;
  if (unshare(CLONE_NEWUSER) != 0) refuse(Step::kUserNamespace, failed("unshare"));
  if (mapper != nullptr) {
    std::string text;
    if (!mapper->map(&text)) refuse(Step::kMapByHelper, {EPERM, "write", "/proc/self/uid_map"}, text);
    return;
  }
  // Without privilege a process gives up setgroups(2) before it maps groups (user_namespaces(7)).
  write_own("/proc/self/setgroups", "deny");
  write_own("/proc/self/gid_map", maps[1]);
  write_own("/proc/self/uid_map", maps[0]);
}

// A copy of the host's mounts, which gets what the host mounts later, and gives it nothing.
void enter_mount_namespace() {
  if (unshare(CLONE_NEWNS) != 0) refuse(Step::kMountNamespace, failed("unshare"));
  if (mount(nullptr, "/", nullptr, MS_SLAVE | MS_REC, nullptr) != 0) refuse(Step::kPropagation, failed("mount", "/"));
}

// Each thread for calls would keep an arena of its own, a hundred kB of it touched. What a call allocates is small.
void share_one_heap() {
#ifdef M_ARENA_MAX
  mallopt(M_ARENA_MAX, 1);  // NOLINT(concurrency-mt-unsafe): before the first thread
#endif
}

// Sends the root file system of a container, from inside of its user namespace, which may be another launcher's. No
// process of the container sees this one: the PID namespace is the caller's.
int send_root() {
  prctl(PR_SET_DUMPABLE, 0);
  UniqueFd view;
  Failure failure = fs::enter_and_open_root(kGiven, CLONE_NEWUSER | CLONE_NEWNS, &view);
  // The container is in the caller's user namespace.
  if (failure.error == EINVAL) failure = fs::enter_and_open_root(kGiven, CLONE_NEWNS, &view);
  Writer answer;
  answer.failure(failure).descriptor(view.get());
  return send_message(kControl, answer) ? 1 : 0;
}

}  // namespace
}  // namespace orlop::launcher

int main(int argc, char** argv) {
  using namespace orlop;
  using namespace orlop::launcher;
  const bool for_root = argc == 1;
  if ((argc != 5 && !for_root) || fcntl(kControl, F_SETFD, FD_CLOEXEC) != 0) {
    static constexpr char kText[] = "orlop-launcher is called by orlop\n";
    (void)!write(STDERR_FILENO, kText, sizeof kText - 1);
    return 2;
  }
  syscall(__NR_close_range, (for_root ? kGiven : kControl) + 1, ~0u, 0);
  if (for_root) return send_root();
  share_one_heap();
  // The keys of a terminal are for the caller, which decides what they do to its containers.
  setsid();
  const pid_t parent = getppid();
  const UniqueFd caller = open_pidfd(parent);
  // Set for the helpers, and again below: a change of credentials clears it.
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (!caller || getppid() != parent) return 1;
  const bool is_confined = argv[1][0] != '\0';
  if (is_confined) {
    enter_user_namespace(argv + 1, argv + 3);
    enter_mount_namespace();
  }
  // Its memory has the descriptors of all containers, and processes of containers have its user.
  prctl(PR_SET_DUMPABLE, 0);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) return 1;
  const UniqueFd user_namespace(is_confined ? open("/proc/self/ns/user", O_RDONLY | O_CLOEXEC) : -1);
  Writer hello;
  hello.put(Step::kReady).failure({}).text("").put(launch::features()).descriptor(user_namespace.get());
  if (!send_message(kControl, hello)) serve(kControl, caller.get());
  // At the end of the caller, or of the socket, the applications end too: their parent has ended, or kills them.
  _exit(0);
}
