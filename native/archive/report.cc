#include "archive/report.h"

#include <errno.h>
#include <poll.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

namespace orlop::archive {

namespace {

std::string current_entry;
int helper_pid = -1;
int helper_socket = -1;

std::string hex(std::string_view bytes) {
  static const char digits[] = "0123456789abcdef";
  std::string out;
  out.reserve(bytes.size() * 2);
  for (char letter : bytes) {
    const auto byte = static_cast<unsigned char>(letter);
    out.push_back(digits[byte >> 4]);
    out.push_back(digits[byte & 15]);
  }
  return out;
}

void end_helper() {
  if (helper_pid < 0) return;
  close(helper_socket);
  while (waitpid(helper_pid, nullptr, 0) < 0 && errno == EINTR) {
  }
}

// Errors are ignored: the caller has closed its end, and waits for no report.
void write_line(const std::string& line) {
  size_t done = 0;
  while (done < line.size()) {
    ssize_t n = write(kReportFd, line.data() + done, line.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) break;
    done += static_cast<size_t>(n);
  }
}

[[noreturn]] void finish(const std::string& line, int status) {
  end_helper();
  write_line(line);
  _exit(status);
}

int64_t now_ms() {
  timespec now{};
  (void)clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
  return int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1'000'000;
}

bool wait_for(int fd, short events) {
  if (errno == EINTR) return true;
  if (errno != EAGAIN) return false;
  pollfd poller{fd, events, 0};
  return poll(&poller, 1, -1) >= 0 || errno == EINTR;
}

}  // namespace

void set_current_entry(std::string_view name) { current_entry.assign(name); }

void set_helper(int pid, int socket) {
  helper_pid = pid;
  helper_socket = socket;
}

void refuse(const char* code, std::string_view detail) {
  finish("{\"error\":{\"code\":\"" + std::string(code) + "\",\"entry\":\"" + hex(current_entry) + "\",\"detail\":\"" +
             hex(detail) + "\"}}\n",
         1);
}

void fail(const char* call, int error) {
  finish("{\"error\":{\"code\":\"system\",\"entry\":\"" + hex(current_entry) + "\",\"syscall\":\"" + call +
             "\",\"errno\":" + std::to_string(error) + "}}\n",
         1);
}

void report_progress(uint64_t bytes) {
  constexpr int64_t kPeriodMs = 100;
  static int64_t last = now_ms();
  const int64_t now = now_ms();
  if (now - last < kPeriodMs) return;
  last = now;
  write_line("{\"bytes\":" + std::to_string(bytes) + "}\n");
}

void succeed(const Sums& sums, uint64_t entries, bool end_mark) {
  finish("{\"digest\":\"sha256:" + sums.digest + "\",\"size\":" + std::to_string(sums.size) + ",\"diffId\":\"sha256:" +
             sums.diff_id + "\",\"uncompressedSize\":" + std::to_string(sums.uncompressed_size) +
             ",\"entries\":" + std::to_string(entries) + ",\"endMark\":" + (end_mark ? "true" : "false") + "}\n",
         0);
}

void write_all(int fd, const void* data, size_t size) {
  const char* bytes = static_cast<const char*>(data);
  while (size > 0) {
    ssize_t n = write(fd, bytes, size);
    if (n < 0) {
      if (!wait_for(fd, POLLOUT)) fail("write", errno);
      continue;
    }
    bytes += n;
    size -= static_cast<size_t>(n);
  }
}

size_t read_some(int fd, void* data, size_t size) {
  for (;;) {
    ssize_t n = read(fd, data, size);
    if (n >= 0) return static_cast<size_t>(n);
    if (!wait_for(fd, POLLIN)) fail("read", errno);
  }
}

}  // namespace orlop::archive
