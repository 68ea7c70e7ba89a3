#include "init/program.h"

#include <linux/elf.h>

#include "init/resolve.h"
#include "init/text.h"

namespace orlop::init {
namespace {

inline constexpr uint32_t kMaxHeaders = 256;  // program headers that are looked at

enum class Next { kNone, kScript, kLoader };

int OpenProgram(Context& context, const char* path, bool* shared) {
  if (path[0] == '/') return OpenInRoot(context, context.rootfs, path, O_RDONLY | O_NONBLOCK, shared);
  // Below the working directory; `..` may lead up to the root, so it is looked up from there.
  Text<kPathMax> full;
  const long length = context.Call(__NR_getcwd, full.data(), kPathMax);
  if (length < 0) return static_cast<int>(length);
  full.Truncate(static_cast<size_t>(length) - 1);
  full.Add('/').Add(path);
  if (full.full()) return context.Refuse(ENAMETOOLONG);
  return OpenInRoot(context, context.rootfs, full.get(), O_RDONLY | O_NONBLOCK, shared);
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

bool IsBlank(char letter) { return letter == ' ' || letter == '\t'; }

// Splits `#!`, blanks, the path up to a blank, and the rest of the line as one argument, as the kernel does.
Next ReadScript(Script* script, size_t size) {
  char* const line = script->line;
  size_t end = 2;
  while (end < size && line[end] != '\n' && line[end] != 0) end++;
  while (end > 2 && IsBlank(line[end - 1])) end--;
  line[end] = 0;
  char* at = line + 2;
  while (IsBlank(*at)) at++;
  if (*at == 0) return Next::kNone;
  script->interpreter = at;
  while (*at != 0 && !IsBlank(*at)) at++;
  const bool more = *at != 0;
  *at++ = 0;
  while (more && IsBlank(*at)) at++;
  script->argument = more ? at : nullptr;
  // A path that is cut off is another path.
  const bool cut = !more && end == sizeof script->line - 1;
  return cut ? Next::kNone : Next::kScript;
}

template <typename Header, typename Segment>
Next FindLoader(Context& context, int fd, Text<kPathMax>* loader) {
  Header header;
  if (ReadAt(context, fd, &header, sizeof header, 0) != static_cast<long>(sizeof header)) return Next::kNone;
  if (header.e_phentsize != sizeof(Segment)) return Next::kNone;
  for (uint32_t i = 0; i < header.e_phnum && i < kMaxHeaders; i++) {
    Segment segment;
    const uint64_t offset = header.e_phoff + i * sizeof segment;
    const long read = ReadAt(context, fd, &segment, sizeof segment, offset);
    if (read != static_cast<long>(sizeof segment)) return Next::kNone;
    if (segment.p_type != PT_INTERP) continue;
    if (segment.p_filesz < 2 || segment.p_filesz > kPathMax) return Next::kNone;
    const long size = ReadAt(context, fd, loader->data(), segment.p_filesz, segment.p_offset);
    const bool whole = size == static_cast<long>(segment.p_filesz) && loader->get()[size - 1] == 0;
    return whole ? Next::kLoader : Next::kNone;
  }
  return Next::kNone;
}

// What the kernel would run for a file, in `script` or `loader`; a negated errno in `error`. Files that the kernel will
// not take either are left to execve and its error.
Next FindNext(Context& context, int fd, Script* script, Text<kPathMax>* loader, int* error) {
  const char* head = script->line;
  // One byte stays for the end of the text.
  const long size = ReadAt(context, fd, script->line, sizeof script->line - 1, 0);
  *error = size < 0 ? static_cast<int>(size) : 0;
  if (size >= 2 && head[0] == '#' && head[1] == '!') return ReadScript(script, static_cast<size_t>(size));
  if (size < 5 || head[0] != 0x7f || head[1] != 'E' || head[2] != 'L' || head[3] != 'F') return Next::kNone;
  if (head[4] == ELFCLASS64) return FindLoader<Elf64_Ehdr, Elf64_Phdr>(context, fd, loader);
  if (head[4] == ELFCLASS32) return FindLoader<Elf32_Ehdr, Elf32_Phdr>(context, fd, loader);
  return Next::kNone;
}

// A descriptor of a file that may be run, or a negated errno.
int OpenChecked(Context& context, const char* path, bool* shared) {
  const int fd = OpenProgram(context, path, shared);
  // A magic link on the way.
  if (fd == -ELOOP) return context.Refuse(EACCES);
  if (fd < 0) return fd;
  const int error = CheckFile(context, fd);
  if (error == 0) return fd;
  Close(fd);
  return error;
}

bool IsMissing(int error) { return error == -ENOENT || error == -ENOTDIR; }

// A loader is mapped, not run as a program: its own interpreter means nothing. One that is missing is execve's to
// report.
int CheckLoader(Context& context, const char* path) {
  bool shared = false;
  const int fd = OpenChecked(context, path, &shared);
  Close(fd);
  return fd < 0 && !IsMissing(fd) ? fd : 0;
}

}  // namespace

[[gnu::noinline]] int Inspect(Context& context, const char* path, Program* program) {
  Script beyond;  // what comes after the last interpreter that execve takes
  Text<kPathMax> loader;
  for (;;) {
    bool shared = false;
    const int fd = OpenChecked(context, path, &shared);
    program->shared = program->shared || shared;
    if (fd < 0 && program->found && IsMissing(fd)) {
      // The interpreter of a script, which is execve's to report; but not by a path that may lead elsewhere by then.
      if (program->shared) context.call = __NR_execve;
      return program->shared ? -ENOENT : 0;
    }
    if (fd < 0) return fd;
    program->found = true;
    const bool full = program->scripts == plan::kMaxScripts;
    Script* const script = full ? &beyond : &program->script[program->scripts];
    int error = 0;
    const Next next = FindNext(context, fd, script, &loader, &error);
    if (error == 0 && next == Next::kLoader) error = CheckLoader(context, loader.get());
    if (error == 0 && next == Next::kScript && full) error = context.Refuse(ELOOP);
    if (error == 0 && next != Next::kScript && shared) {
      program->file = fd;
      return 0;
    }
    Close(fd);
    if (error != 0 || next != Next::kScript) return error;
    program->scripts++;
    path = script->interpreter;
  }
}

}  // namespace orlop::init
