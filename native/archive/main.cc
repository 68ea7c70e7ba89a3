// orlop-archive: unpacks and packs untrusted archives. Only ts/images/archive calls it.
//
//   orlop-archive unpack layer|tree|files MAX_SIZE MAX_RATIO copy|- below|- owners|-
//     0: archive, 4: copy of it, 6: root of the layers below, 8: gets the index of owners
//   orlop-archive pack   layer|user-layer|tree none|gzip|zstd COUNT
//     1: archive, from 8 on: so many indexes of owners, of the lowest layer first
//
// 3: the directory, 5: one line of JSON with the result. With `enter` as its first argument, it enters the user
// namespace of 7 first: for a caller who is not root.
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <locale.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <charconv>
#include <initializer_list>
#include <new>
#include <string_view>
#include <utility>

#include "archive/attributes.h"
#include "archive/jail.h"
#include "archive/owners.h"
#include "archive/pack.h"
#include "archive/report.h"
#include "archive/unpack.h"

namespace orlop::archive {

namespace {

constexpr int kBelowFd = kReportFd + 1;
constexpr int kUserNamespaceFd = kBelowFd + 1;
static_assert(kOwnersFd == kUserNamespaceFd + 1);

constexpr uint64_t bit(int capability) { return 1ull << capability; }
constexpr uint64_t kUnpackCapabilities =
    bit(CAP_CHOWN) | bit(CAP_DAC_OVERRIDE) | bit(CAP_FOWNER) | bit(CAP_FSETID) | bit(CAP_MKNOD) | bit(CAP_SETFCAP);
// SYS_ADMIN is for reading trusted.*: the filter allows no other call that needs it.
constexpr uint64_t kPackCapabilities = bit(CAP_DAC_READ_SEARCH) | bit(CAP_SYS_ADMIN);

[[noreturn]] void usage() {
  static const char text[] = "orlop-archive is called by orlop\n";
  write_all(STDERR_FILENO, text, sizeof text - 1);
  _exit(2);
}

uint64_t number(const char* text) {
  uint64_t value = 0;
  const char* end = text + strlen(text);
  auto [at, error] = std::from_chars(text, end, value);
  if (error != std::errc{} || at != end) usage();
  return value;
}

template <typename Value>
Value choice(const char* text, std::initializer_list<std::pair<const char*, Value>> choices) {
  for (const auto& [name, value] : choices) {
    if (strcmp(text, name) == 0) return value;
  }
  usage();
}

[[noreturn]] void main_unpack(char** argv) {
  const Kind kind = choice<Kind>(argv[0], {{"layer", Kind::kLayer}, {"tree", Kind::kTree}, {"files", Kind::kFiles}});
  Input::Options options;
  options.max_size = number(argv[1]);
  options.max_ratio = number(argv[2]);
  options.copy_fd = choice<int>(argv[3], {{"copy", 4}, {"-", -1}});
  if (options.max_size == 0 || options.max_ratio == 0) usage();
  const int below = choice<int>(argv[4], {{"below", kBelowFd}, {"-", -1}});
  const int owners = choice<int>(argv[5], {{"owners", kOwnersFd}, {"-", -1}});
  close_from(owners < 0 ? kOwnersFd : kOwnersFd + 1);
  enter_root(false);
  if (kind == Kind::kFiles) {
    drop_capabilities(kUnpackCapabilities);
    lock_down(Role::kUnpack);
    unpack(kind, options, nullptr);
  }
  Broker broker = Broker::start();
  drop_capabilities(kUnpackCapabilities);
  lock_down(Role::kUnpack);
  unpack(kind, options, &broker, below, owners);
}

[[noreturn]] void main_pack(char** argv) {
  const auto opaque =
      choice<const char*>(argv[0], {{"layer", kTrustedOpaque}, {"user-layer", kUserOpaque}, {"tree", nullptr}});
  const auto compression = choice<Compression>(
      argv[1], {{"none", Compression::kNone}, {"gzip", Compression::kGzip}, {"zstd", Compression::kZstd}});
  const int end = kOwnersFd + static_cast<int>(number(argv[2]));
  close_from(end);
  enter_root(true);
  drop_capabilities(kPackCapabilities);
  lock_down(Role::kPack);
  OwnerIndex owners;
  for (int file = kOwnersFd; file < end; ++file) {
    owners.read(file);
    close(file);
  }
  Output output(STDOUT_FILENO, compression);
  pack(opaque, output, owners);
}

// The capabilities are those of the namespace from here on.
void enter_user_namespace() {
  if (setns(kUserNamespaceFd, CLONE_NEWUSER) != 0) fail("setns", errno);
  char map[128];
  const int file = open("/proc/self/uid_map", O_RDONLY | O_CLOEXEC);
  const ssize_t size = file < 0 ? 0 : read(file, map, sizeof map);
  close(file);
  // One line, `0 UID 1`.
  const std::string_view text(map, size > 0 ? static_cast<size_t>(size) : 0);
  note_user_namespace(text.find('\n') + 1 == text.size() && text.ends_with(" 1\n"));
}

[[noreturn]] void run(int argc, char** argv) {
  if (argc < 2 || fcntl(kDirectoryFd, F_GETFD) < 0 || fcntl(kReportFd, F_GETFD) < 0) usage();
  // There are no exceptions, and an allocation that fails must end with a report.
  std::set_new_handler([] { refuse("memory"); });
  clearenv();
  (void)signal(SIGPIPE, SIG_IGN);
  umask(0);
  // The C library has this UTF-8 locale without a file. Otherwise libarchive calls iconv for each name.
  (void)setlocale(LC_CTYPE, "C.UTF-8");
  if (strcmp(argv[1], "enter") == 0) {
    enter_user_namespace();
    --argc;
    ++argv;
  }
  close(kUserNamespaceFd);
  if (argc == 8 && strcmp(argv[1], "unpack") == 0) main_unpack(argv + 2);
  if (argc == 5 && strcmp(argv[1], "pack") == 0) main_pack(argv + 2);
  usage();
}

}  // namespace
}  // namespace orlop::archive

int main(int argc, char** argv) { orlop::archive::run(argc, argv); }
