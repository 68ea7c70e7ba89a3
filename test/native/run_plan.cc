// Runs one plan in a child of its own, for tests: run-plan PLAN FEATURES RESULT [DIRECTORY]
// The supplied slots are descriptors 0, 1, 2, … of this program. RESULT gets one line of numbers: the wait status, then
// step, call, op, error and detail of the report, then the number of records that were timed.
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "init/run.h"
#include "plan/reader.h"

namespace {

using orlop::init::Report;
using orlop::init::Start;

// Result that the child writes for its parent.
struct Shared {
  Report report;
  uint64_t times[orlop::plan::kMaxOps + 1];
};

[[noreturn]] void die(const char* what) {
  perror(what);
  exit(2);
}

std::vector<uint8_t> read_file(const char* path) {
  std::vector<uint8_t> bytes;
  FILE* file = fopen(path, "re");
  if (file == nullptr) die(path);
  uint8_t buffer[65536];
  for (size_t size; (size = fread(buffer, 1, sizeof buffer, file)) > 0;) {
    bytes.insert(bytes.end(), buffer, buffer + size);
  }
  fclose(file);
  return bytes;
}

void write_map(pid_t pid, const char* name, const char* content) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/%s", pid, name);
  const int file = open(path, O_WRONLY | O_CLOEXEC);
  if (file < 0 || write(file, content, strlen(content)) < 0) die(path);
  close(file);
}

// Root maps everything, an ordinary user itself.
void write_maps(pid_t pid) {
  char uid_map[64] = "0 0 4294967295";
  char gid_map[64] = "0 0 4294967295";
  if (geteuid() != 0) {
    snprintf(uid_map, sizeof uid_map, "0 %u 1", geteuid());
    snprintf(gid_map, sizeof gid_map, "0 %u 1", getegid());
    write_map(pid, "setgroups", "deny");
  }
  write_map(pid, "uid_map", uid_map);
  write_map(pid, "gid_map", gid_map);
}

void print_result(const char* path, int status, const Shared& shared) {
  uint32_t timed = 0;
  while (timed <= orlop::plan::kMaxOps && shared.times[timed] != 0) timed++;
  FILE* file = fopen(path, "we");
  if (file == nullptr) die(path);
  const Report& report = shared.report;
  fprintf(file, "%d %u %u %u %d %u %u\n", status, report.step, report.call, report.op, report.error, report.detail,
          timed);
  fclose(file);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) return fprintf(stderr, "usage: run-plan PLAN FEATURES RESULT\n"), 2;
  const std::vector<uint8_t> plan = read_file(argv[1]);
  void* page = mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED) die("mmap");
  auto* shared = static_cast<Shared*>(page);

  unsigned long namespaces = 0;
  uint32_t slot_count = 0;
  uint32_t pointer_count = 0;
  if (orlop::plan::check(plan.data(), plan.size()).fault == orlop::plan::Fault::kNone) {
    const orlop::plan::View view(plan.data());
    namespaces = view.header().namespaces;
    slot_count = view.header().slots;
    pointer_count = orlop::plan::count_pointers(view);
  }
  std::vector<int32_t> slots(slot_count, -1);
  const uint32_t supplied = slot_count == 0 ? 0 : orlop::plan::View(plan.data()).header().supplied;
  for (uint32_t i = 0; i < supplied; i++) slots[i] = static_cast<int32_t>(i);
  std::vector<char*> pointers(pointer_count);

  int gate[2];
  if (pipe2(gate, O_CLOEXEC) != 0) die("pipe2");
  const auto pid = static_cast<pid_t>(syscall(SYS_clone, namespaces | SIGCHLD, nullptr, nullptr, nullptr, nullptr));
  if (pid < 0) die("clone");
  if (pid == 0) {
    char byte;
    if (read(gate[0], &byte, 1) != 1) _exit(2);
    const Start start = {plan.data(),
                         plan.size(),
                         slots.data(),
                         static_cast<uint32_t>(strtoul(argv[2], nullptr, 0)),
                         &shared->report,
                         shared->times,
                         pointers.data(),
                         pointer_count,
                         0};
    orlop::init::run(start);
    _exit(127);
  }
  if ((namespaces & CLONE_NEWUSER) != 0) write_maps(pid);
  if (write(gate[1], "", 1) != 1) die("write");
  int status = 0;
  if (waitpid(pid, &status, 0) != pid) die("waitpid");
  print_result(argv[3], status, *shared);
  return 0;
}
