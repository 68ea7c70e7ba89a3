#include "enter/sealed_program.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <mutex>
#include <unordered_map>
#include <utility>

#include "base/unique_fd.h"

namespace orlop::enter {
namespace {

// Newer headers have them.
constexpr unsigned kCloexec = 0x1;        // MFD_CLOEXEC
constexpr unsigned kAllowSealing = 0x2;   // MFD_ALLOW_SEALING
constexpr unsigned kExecutable = 0x10;    // MFD_EXEC (6.3); without it, vm.memfd_noexec may refuse
constexpr int kAddSeals = 1033;           // F_ADD_SEALS
constexpr int kAllSeals = 1 | 2 | 4 | 8;  // F_SEAL_SEAL, F_SEAL_SHRINK, F_SEAL_GROW, F_SEAL_WRITE

int make_memory_file(unsigned flags) { return static_cast<int>(syscall(SYS_memfd_create, "orlop-init", flags)); }

Failure write_all(int file, const char* bytes, size_t size) {
  for (size_t done = 0; done < size;) {
    const ssize_t written = write(file, bytes + done, size - done);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return failed("write", "orlop-init");
    done += static_cast<size_t>(written);
  }
  return {};
}

Failure copy(const std::string& path, int to) {
  const UniqueFd from(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!from) return failed("open", path);
  char buffer[16 * 1024];
  for (;;) {
    const ssize_t size = read(from.get(), buffer, sizeof buffer);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return failed("read", path);
    if (size == 0) return {};
    if (Failure failure = write_all(to, buffer, static_cast<size_t>(size))) return failure;
  }
}

Failure seal(const std::string& path, UniqueFd* program) {
  int number = make_memory_file(kCloexec | kAllowSealing | kExecutable);
  if (number < 0 && errno == EINVAL) number = make_memory_file(kCloexec | kAllowSealing);
  const UniqueFd made(number);
  if (!made) return failed("memfd_create", path);
  if (Failure failure = copy(path, made.get())) return failure;
  if (fcntl(made.get(), kAddSeals, kAllSeals) != 0) return failed("fcntl", path);
  // The standard streams of a program may be closed: their numbers are for those of applications.
  program->reset(fcntl(made.get(), F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
  return *program ? Failure{} : failed("fcntl", path);
}

}  // namespace

Failure sealed_program(const std::string& path, int* program) {
  static std::mutex mutex;
  static auto* const known = new std::unordered_map<std::string, UniqueFd>;  // never destroyed: threads run at the exit
  {
    const std::lock_guard lock(mutex);
    const auto found = known->find(path);
    if (found != known->end()) {
      *program = found->second.get();
      return {};
    }
  }
  UniqueFd made;
  if (Failure failure = seal(path, &made)) return failure;
  const std::lock_guard lock(mutex);
  // Another thread may have been faster.
  *program = known->emplace(path, std::move(made)).first->second.get();
  return {};
}

}  // namespace orlop::enter
