#include "init/program.h"

#include <linux/elf.h>

#include "init/resolve.h"
#include "init/text.h"

namespace orlop::init {
namespace {

inline constexpr int kMaxInterpreters = 5;    // as many `#!` in a row as execve takes
inline constexpr uint32_t kMaxHeaders = 256;  // program headers that are looked at
inline constexpr size_t kScriptHead = 256;    // what execve reads of a file

enum class Next { kNone, kScript, kLoader, kFailed };

struct Interpreter {
  Next next;
  int error;
  Text<kPathMax> path;
};

int OpenProgram(Context& context, const char* path) {
  if (path[0] == '/') return OpenInRoot(context, context.rootfs, path, O_RDONLY | O_NONBLOCK);
  // Below the working directory; `..` may lead up to the root, so it is looked up from there.
  Text<kPathMax> full;
  const long length = context.Call(__NR_getcwd, full.data(), kPathMax);
  if (length < 0) return static_cast<int>(length);
  full.Truncate(static_cast<size_t>(length) - 1);
  full.Add('/').Add(path);
  if (full.full()) return context.Refuse(ENAMETOOLONG);
  return OpenInRoot(context, context.rootfs, full.get(), O_RDONLY | O_NONBLOCK);
}

int CheckFile(Context& context, int fd) {
  struct statx facts;
  const int error = Stat(context, fd, &facts);
  if (error != 0) return error;
  if ((facts.stx_mode & S_IFMT) != S_IFREG) return context.Refuse(EACCES);
  const int on_proc = OnProc(context, fd);
  if (on_proc < 0) return on_proc;
  return on_proc == 1 ? context.Refuse(EACCES) : 0;
}

long ReadAt(Context& context, int fd, void* buffer, size_t size, uint64_t offset) {
  return context.Call(__NR_pread64, fd, buffer, size, offset);
}

// `#!`, blanks, the path up to a blank or the line's end.
void FindScript(const char* head, long size, Interpreter* found) {
  long at = 2;
  while (at < size && (head[at] == ' ' || head[at] == '\t')) at++;
  while (at < size && head[at] != ' ' && head[at] != '\t' && head[at] != '\n' && head[at] != 0) {
    found->path.Add(head[at++]);
  }
  found->next = found->path.length() > 0 ? Next::kScript : Next::kNone;
}

template <typename Header, typename Segment>
void FindLoader(Context& context, int fd, Interpreter* found) {
  Header header;
  if (ReadAt(context, fd, &header, sizeof header, 0) != static_cast<long>(sizeof header)) return;
  if (header.e_phentsize != sizeof(Segment)) return;
  for (uint32_t i = 0; i < header.e_phnum && i < kMaxHeaders; i++) {
    Segment segment;
    const uint64_t offset = header.e_phoff + i * sizeof segment;
    if (ReadAt(context, fd, &segment, sizeof segment, offset) != static_cast<long>(sizeof segment)) return;
    if (segment.p_type != PT_INTERP) continue;
    if (segment.p_filesz < 2 || segment.p_filesz > kPathMax) return;
    const long size = ReadAt(context, fd, found->path.data(), segment.p_filesz, segment.p_offset);
    if (size != static_cast<long>(segment.p_filesz) || found->path.get()[size - 1] != 0) return;
    found->next = Next::kLoader;
    return;
  }
}

// Files that the kernel will not take either are left to execve and its error.
void FindInterpreter(Context& context, int fd, Interpreter* found) {
  found->next = Next::kNone;
  found->path.Truncate(0);
  char head[kScriptHead];
  const long size = ReadAt(context, fd, head, sizeof head, 0);
  if (size < 0) {
    found->next = Next::kFailed;
    found->error = static_cast<int>(size);
    return;
  }
  if (size >= 2 && head[0] == '#' && head[1] == '!') return FindScript(head, size, found);
  if (size < 5 || head[0] != 0x7f || head[1] != 'E' || head[2] != 'L' || head[3] != 'F') return;
  if (head[4] == ELFCLASS64) FindLoader<Elf64_Ehdr, Elf64_Phdr>(context, fd, found);
  if (head[4] == ELFCLASS32) FindLoader<Elf32_Ehdr, Elf32_Phdr>(context, fd, found);
}

// One file of the chain: its error, and what the kernel would run for it.
int InspectFile(Context& context, const char* path, Interpreter* found) {
  const int fd = OpenProgram(context, path);
  // A magic link on the way.
  if (fd == -ELOOP) return context.Refuse(EACCES);
  if (fd < 0) return fd;
  const int error = CheckFile(context, fd);
  if (error == 0) FindInterpreter(context, fd, found);
  Close(fd);
  if (error == 0 && found->next == Next::kFailed) return found->error;
  return error;
}

}  // namespace

[[gnu::noinline]] Program Inspect(Context& context, const char* path) {
  Interpreter found;
  int error = InspectFile(context, path, &found);
  if (error != 0) return {error};
  for (int depth = 0; found.next == Next::kScript || found.next == Next::kLoader; depth++) {
    if (depth == kMaxInterpreters) return {context.Refuse(ELOOP)};
    // A loader is mapped, not run as a program: its own interpreter means nothing.
    const bool last = found.next == Next::kLoader;
    const Text<kPathMax> interpreter = found.path;
    error = InspectFile(context, interpreter.get(), &found);
    // One that is missing is execve's to report.
    if (error == -ENOENT || error == -ENOTDIR) return {0};
    if (error != 0) return {error};
    if (last) break;
  }
  return {0};
}

}  // namespace orlop::init
