// orlop-archive: unpacks and packs untrusted archives. Only ts/images/archive calls it.
//
//   orlop-archive unpack layer|tree|files MAX_SIZE MAX_RATIO copy|-     0: archive, 4: copy of it
//   orlop-archive pack   layer|tree none|gzip|zstd                      1: archive
//
// 3: the directory, 5: one line of JSON with the result.
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <locale.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <charconv>
#include <new>

#include "archive/jail.h"
#include "archive/pack.h"
#include "archive/unpack.h"

namespace orlop::archive {

namespace {

constexpr uint64_t bit(int capability) { return 1ull << capability; }
constexpr uint64_t kUnpackCapabilities =
    bit(CAP_CHOWN) | bit(CAP_DAC_OVERRIDE) | bit(CAP_FOWNER) | bit(CAP_FSETID) | bit(CAP_MKNOD) | bit(CAP_SETFCAP);
// SYS_ADMIN only to read trusted.*: the filter leaves no other call that asks for it.
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
  if (error != std::errc{} || at != end || value == 0) usage();
  return value;
}

int choice(const char* text, std::initializer_list<const char*> names) {
  int index = 0;
  for (const char* name : names) {
    if (strcmp(text, name) == 0) return index;
    index++;
  }
  usage();
}

[[noreturn]] void main_unpack(char** argv) {
  Kind kind = static_cast<Kind>(choice(argv[0], {"layer", "tree", "files"}));
  Input::Options options;
  options.max_size = number(argv[1]);
  options.max_ratio = number(argv[2]);
  if (choice(argv[3], {"copy", "-"}) == 0) options.copy_fd = 4;
  enter_root(false);
  if (kind == Kind::kFiles) {
    drop_capabilities(kUnpackCapabilities);
    lock_down(Role::kUnpack);
    unpack(kind, options, nullptr);
  }
  Broker broker = Broker::start();
  drop_capabilities(kUnpackCapabilities);
  lock_down(Role::kUnpack);
  unpack(kind, options, &broker);
}

[[noreturn]] void main_pack(char** argv) {
  bool layer = choice(argv[0], {"layer", "tree"}) == 0;
  Compression compression = static_cast<Compression>(choice(argv[1], {"none", "gzip", "zstd"}));
  enter_root(true);
  drop_capabilities(kPackCapabilities);
  lock_down(Role::kPack);
  Output output(STDOUT_FILENO, compression);
  pack(layer, output);
}

}  // namespace

[[noreturn]] void run(int argc, char** argv) {
  if (argc < 2 || fcntl(kDirectoryFd, F_GETFD) < 0 || fcntl(kReportFd, F_GETFD) < 0) usage();
  // No exceptions here: an allocation that fails must still end with a report.
  std::set_new_handler([] { refuse("memory"); });
  clearenv();
  signal(SIGPIPE, SIG_IGN);
  umask(0);
  // The C library's own UTF-8 locale, no file behind it. Without it libarchive asks iconv for each name.
  setlocale(LC_CTYPE, "C.UTF-8");
  close_from(kReportFd + 1);
  if (argc == 6 && strcmp(argv[1], "unpack") == 0) main_unpack(argv + 2);
  if (argc == 4 && strcmp(argv[1], "pack") == 0) main_pack(argv + 2);
  usage();
}

}  // namespace orlop::archive

int main(int argc, char** argv) { orlop::archive::run(argc, argv); }
