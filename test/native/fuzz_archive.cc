// Unpacks archives that were changed at random, under the sanitizers and without the jail, each in a child of its own:
// whatever comes in, the child ends with a report (status 0 or 1) and writes below its directory only.
//
//   fuzz-archive RANDOM COUNT DIRECTORY FILE...     FILE: archives to start from; as root
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <random>
#include <string>
#include <vector>

#include "archive/jail.h"
#include "archive/unpack.h"

namespace {

using orlop::archive::Kind;
using Random = std::mt19937_64;

std::string read_file(const char* path) {
  std::string bytes;
  FILE* file = fopen(path, "rb");
  if (file == nullptr) abort();
  char buffer[4096];
  while (size_t n = fread(buffer, 1, sizeof buffer, file)) bytes.append(buffer, n);
  fclose(file);
  return bytes;
}

// So that a changed header is read at all.
void fix_checksums(std::string& tar) {
  for (size_t at = 0; at + 512 <= tar.size(); at += 512) {
    char* block = tar.data() + at;
    if (memcmp(block + 257, "ustar", 5) != 0) continue;
    memset(block + 148, ' ', 8);
    unsigned sum = 0;
    for (int i = 0; i < 512; i++) sum += static_cast<unsigned char>(block[i]);
    char text[8];
    snprintf(text, sizeof text, "%06o", sum & 0777777);
    memcpy(block + 148, text, 7);
  }
}

void change(std::string& bytes, Random& random) {
  auto below = [&](size_t bound) { return static_cast<size_t>(random() % std::max<size_t>(bound, 1)); };
  // Most of what is interesting lies at the start of a block.
  auto place = [&] {
    return std::min(bytes.size() - 1, below(bytes.size() / 512) * 512 + below(random() % 2 ? 512 : 160));
  };
  for (size_t left = 1 + below(6); left > 0 && !bytes.empty(); left--) {
    switch (random() % 7) {
      case 0:
        bytes[place()] = static_cast<char>(random());
        break;
      case 1:
        bytes[place()] ^= static_cast<char>(1u << below(8));
        break;
      case 2:
        bytes[place()] = "0123456789=/.\n\0 -gxLKSA"[below(23)];
        break;
      case 3: {  // a block twice
        size_t from = below(bytes.size() / 512) * 512;
        bytes.insert(below(bytes.size() / 512) * 512, bytes.substr(from, 512));
        break;
      }
      case 4:  // a block less
        bytes.erase(below(bytes.size() / 512) * 512, 512);
        break;
      case 5: {  // a number that is too large
        size_t at = below(bytes.size() / 512) * 512 + 124;
        if (at + 12 <= bytes.size())
          memcpy(bytes.data() + at, random() % 2 ? "77777777777" : "\x80\xff\xff\xff\xff", 5);
        break;
      }
      default:
        if (random() % 8 == 0) bytes.resize(below(bytes.size()));
    }
  }
}

[[noreturn]] void unpack_in_child(const std::string& bytes, const char* directory, Kind kind) {
  if (unshare(CLONE_NEWNS) != 0 || mount("", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) _exit(90);
  if (mount("tmpfs", directory, "tmpfs", 0, "size=64m") != 0) _exit(91);
  int memory = memfd_create("archive", 0);
  if (write(memory, bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size())) _exit(92);
  lseek(memory, 0, SEEK_SET);
  int null = open("/dev/null", O_RDWR);
  dup2(memory, 0);
  dup2(null, orlop::archive::kReportFd);
  dup2(open(directory, O_RDONLY | O_DIRECTORY), orlop::archive::kDirectoryFd);
  orlop::archive::Input::Options options;
  options.max_size = 256u << 20;
  alarm(60);
  orlop::archive::unpack(kind, options, nullptr);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 5) return 2;
  Random random(strtoull(argv[1], nullptr, 10));
  int count = atoi(argv[2]);
  std::vector<std::string> seeds;
  for (int i = 4; i < argc; i++) seeds.push_back(read_file(argv[i]));
  int unpacked = 0;
  for (int i = 0; i < count; i++) {
    std::string bytes = seeds[random() % seeds.size()];
    if (i >= static_cast<int>(seeds.size())) {
      change(bytes, random);
      if (random() % 4 != 0) fix_checksums(bytes);
    }
    Kind kind = static_cast<Kind>(random() % 3);
    pid_t child = fork();
    if (child == 0) unpack_in_child(bytes, argv[3], kind);
    int status = 0;
    waitpid(child, &status, 0);
    if (WIFEXITED(status) && WEXITSTATUS(status) <= 1) {
      unpacked += WEXITSTATUS(status) == 0;
      continue;
    }
    std::string crash = std::string(argv[3]) + "/crash-" + std::to_string(i);
    FILE* file = fopen(crash.c_str(), "wb");
    fwrite(bytes.data(), 1, bytes.size(), file);
    fclose(file);
    printf("run %d ended with status %#x; the archive is %s\n", i, static_cast<unsigned>(status), crash.c_str());
    return 1;
  }
  printf("%d runs, %d unpacked\n", count, unpacked);
  return 0;
}
