#include "base/pidfd.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>

#include "base/clock.h"
#include "base/syscall_numbers.h"

namespace orlop {
namespace {

constexpr auto kPidfd = static_cast<idtype_t>(3);  // P_PIDFD

// Reads a small file of /proc in one read. Returns the number of bytes, 0 on failure.
size_t read_small(const char* path, char* buffer, size_t size) {
  const UniqueFd fd(open(path, O_RDONLY | O_CLOEXEC));
  if (!fd) return 0;
  ssize_t n;
  do {
    n = read(fd.get(), buffer, size);
  } while (n < 0 && errno == EINTR);
  return n < 0 ? 0 : static_cast<size_t>(n);
}

// A number in a text of lines `NAME:<white space>NUMBER`; nothing if there is none.
std::optional<uint64_t> field_of(std::string_view text, std::string_view name) {
  const size_t at = text.find(name);
  if (at == std::string_view::npos) return std::nullopt;
  std::string_view rest = text.substr(at + name.size());
  rest.remove_prefix(std::min(rest.find_first_not_of("\t "), rest.size()));
  return parse_decimal(rest.substr(0, rest.find_first_not_of("0123456789")));
}

int64_t largest_known_kb() {
  rusage used{};
  (void)getrusage(RUSAGE_SELF, &used);
  return used.ru_maxrss;
}

// 0 without a procfs.
int64_t largest_own_kb() {
  char text[2048];
  const std::string_view status(text, read_small("/proc/self/status", text, sizeof text));
  return static_cast<int64_t>(field_of(status, "\nVmHWM:").value_or(0));
}

int64_t micros(const timeval& time) { return static_cast<int64_t>(time.tv_sec) * 1'000'000 + time.tv_usec; }

Usage usage_of(const rusage& used) {
  return {.user_us = micros(used.ru_utime),
          .system_us = micros(used.ru_stime),
          .max_resident_kb = used.ru_maxrss,
          .blocks_read = used.ru_inblock,
          .blocks_written = used.ru_oublock};
}

}  // namespace

UniqueFd open_pidfd(pid_t pid) { return UniqueFd(static_cast<int>(syscall(__NR_pidfd_open, pid, 0))); }

int send_signal(int pidfd, int signal) {
  return syscall(__NR_pidfd_send_signal, pidfd, signal, nullptr, 0) == 0 ? 0 : errno;
}

int64_t own_largest_resident_kb() {
  // getrusage(2) also counts what execve(2) has passed to this process, which it does not pass on.
  static const int64_t inherited = [] {
    const int64_t largest = largest_known_kb(), own = largest_own_kb();
    // The kernel estimates both, not in the same way.
    return own != 0 && largest > own + own / 8 ? largest : 0;
  }();
  const int64_t largest = largest_known_kb();
  return largest > inherited ? largest : largest_own_kb();
}

Exit reap(int pidfd) {
  siginfo_t info{};
  rusage used{};
  int result;
  do {
    // glibc's waitid has no rusage.
    result = static_cast<int>(syscall(SYS_waitid, kPidfd, pidfd, &info, WEXITED | __WALL, &used));
  } while (result != 0 && errno == EINTR);
  if (result != 0) return {.stolen = true};
  Exit exit{.seen = monotonic_ns(), .usage = usage_of(used)};
  (info.si_code == CLD_EXITED ? exit.code : exit.signal) = info.si_status;
  return exit;
}

bool has_executed(int pidfd) {
  // __WCLONE is the highest bit of an int, and unsigned in the header.
  constexpr int kPeek = WEXITED | WNOHANG | WNOWAIT | static_cast<int>(__WCLONE);
  siginfo_t info{};
  return waitid(kPidfd, static_cast<id_t>(pidfd), &info, kPeek) != 0;
}

pid_t pid_of(int pidfd) {
  char path[64], text[512];
  (void)snprintf(path, sizeof path, "/proc/self/fdinfo/%d", pidfd);
  const std::string_view info(text, read_small(path, text, sizeof text));
  return static_cast<pid_t>(field_of(info, "\nPid:").value_or(0));
}

std::optional<uint64_t> start_time_of(pid_t pid) {
  char path[64], text[1024];
  (void)snprintf(path, sizeof path, "/proc/%d/stat", pid);
  std::string_view stat(text, read_small(path, text, sizeof text));
  // The second field is the program's name in parentheses and may hold anything, parentheses too: begin after the last.
  const size_t name_end = stat.rfind(')');
  if (name_end == std::string_view::npos) return std::nullopt;
  stat.remove_prefix(name_end + 1);
  for (int field = 3; field <= 22; ++field) {
    const size_t space = stat.find(' ');
    if (space == std::string_view::npos) return std::nullopt;
    stat.remove_prefix(space + 1);
  }
  return parse_decimal(stat.substr(0, stat.find(' ')));
}

std::optional<uint64_t> parse_decimal(std::string_view text) {
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace orlop
