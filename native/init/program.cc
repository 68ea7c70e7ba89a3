#include "init/program.h"

#include <linux/elf.h>

#include "init/resolve.h"
#include "init/text.h"

namespace orlop::init {
namespace {

inline constexpr uint32_t kMaxHeaders = 64 << 10;  // bytes of program headers that a kernel takes at most

int open_program(Context& context, const char* path, bool* shared) {
  if (path[0] == '/') return open_in_root(context, context.rootfs, path, O_RDONLY | O_NONBLOCK, shared);
  // Below the working directory; `..` may lead up to the root, so it is looked up from there.
  Text<kPathMax> full;
  const long length = context.call(__NR_getcwd, full.data(), kPathMax);
  if (length < 0) return static_cast<int>(length);
  full.truncate(static_cast<size_t>(length) - 1);
  full.add('/').add(path);
  if (full.full()) return context.refuse(ENAMETOOLONG);
  return open_in_root(context, context.rootfs, full.get(), O_RDONLY | O_NONBLOCK, shared);
}

int check_file(Context& context, int fd) {
  struct statx facts;
  const int error = stat_fd(context, fd, &facts);
  if (error != 0) return error;
  if ((facts.stx_mode & S_IFMT) != S_IFREG) return context.refuse(EACCES);
  const int on_proc = lies_on_proc(context, fd);
  if (on_proc < 0) return on_proc;
  return on_proc == 1 ? context.refuse(EACCES) : 0;
}

// The beginning of a file; nearly every program has its headers there.
struct Beginning {
  char bytes[1024];
  size_t size;
};

// True if the file has the magic.
bool read_at(Context& context, int fd, const Beginning& beginning, void* buffer, size_t size, uint64_t offset) {
  const size_t known = beginning.size;
  if (size > known || offset > known - size) {
    return context.call(__NR_pread64, fd, buffer, size, offset) == static_cast<long>(size);
  }
  auto* to = static_cast<char*>(buffer);
  for (size_t i = 0; i < size; i++) to[i] = beginning.bytes[offset + i];
  return true;
}

bool is_blank(char letter) { return letter == ' ' || letter == '\t'; }

// Splits `#!`, blanks, the path up to a blank, and the rest of the line as one argument, as the kernel does. A line
// that goes on behind the head is cut by one letter. False if there is no path, or the path is cut off, which would be
// another path.
bool read_script(Script* script, const Beginning& beginning) {
  char* const line = script->line;
  const size_t size = beginning.size < kHead ? beginning.size : kHead;
  for (size_t i = 0; i < size; i++) line[i] = beginning.bytes[i];
  size_t end = 2;
  while (end < size && line[end] != '\n' && line[end] != 0) end++;
  const bool goes_on = end == kHead && !is_blank(line[kHead - 1]) && !is_blank(line[kHead - 2]);
  if (end == kHead) end--;
  while (end > 2 && is_blank(line[end - 1])) end--;
  line[end] = 0;
  char* at = line + 2;
  while (is_blank(*at)) at++;
  script->interpreter = at;
  while (*at != 0 && !is_blank(*at)) at++;
  const bool more = *at != 0;
  *at++ = 0;
  while (more && is_blank(*at)) at++;
  script->argument = more ? at : nullptr;
  return *script->interpreter != 0 && (more || !goes_on);
}

template <typename Header, typename Segment>
bool find_loader(Context& context, int fd, const Beginning& beginning, Text<kPathMax>* loader) {
  Header header;
  if (!read_at(context, fd, beginning, &header, sizeof header, 0)) return false;
  if (header.e_phentsize != sizeof(Segment)) return false;
  for (uint32_t i = 0; i < header.e_phnum && i < kMaxHeaders / sizeof(Segment); i++) {
    Segment segment;
    const uint64_t offset = header.e_phoff + i * sizeof segment;
    if (!read_at(context, fd, beginning, &segment, sizeof segment, offset)) return false;
    if (segment.p_type != PT_INTERP) continue;
    if (segment.p_filesz < 2 || segment.p_filesz > kPathMax) return false;
    return read_at(context, fd, beginning, loader->data(), segment.p_filesz, segment.p_offset) &&
           loader->get()[segment.p_filesz - 1] == 0;
  }
  return false;
}

// Opens a file that may be run: a descriptor, or a negated errno.
int open_checked(Context& context, const char* path, bool* shared) {
  const int fd = open_program(context, path, shared);
  // A magic link on the way.
  if (fd == -ELOOP) return context.refuse(EACCES);
  if (fd < 0) return fd;
  const int error = check_file(context, fd);
  if (error == 0) return fd;
  close_fd(fd);
  return error;
}

bool is_missing(int error) { return error == -ENOENT || error == -ENOTDIR; }

// A loader is mapped, not run as a program: its own interpreter has no meaning. execve reports a missing loader, and an
// ELF file that names none.
template <typename Header, typename Segment>
int check_loader(Context& context, int fd, const Beginning& beginning, Text<kPathMax>* loader) {
  if (!find_loader<Header, Segment>(context, fd, beginning, loader)) return 0;
  bool shared = false;
  const int found = open_checked(context, loader->get(), &shared);
  close_fd(found);
  return found < 0 && !is_missing(found) ? found : 0;
}

// Reads both 32-bit and 64-bit headers: the kernel chooses by the machine of the file, not by the class that it claims.
int check_loaders(Context& context, int fd, const Beginning& beginning, Text<kPathMax>* loader) {
  const int error = check_loader<Elf64_Ehdr, Elf64_Phdr>(context, fd, beginning, loader);
  return error != 0 ? error : check_loader<Elf32_Ehdr, Elf32_Phdr>(context, fd, beginning, loader);
}

// True if execve would refuse the file itself: by its mode, or by a noexec mount.
bool is_refused(int fd) {
  constexpr int kExecutable = 1;  // X_OK
  return system_call(__NR_faccessat2, fd, "", kExecutable, kAtEmptyPath) == -EACCES;
}

// Result for a file without an interpreter: ENOEXEC, unless the file may not be run at all.
int refuse_format(Context& context, int fd) { return context.refuse(is_refused(fd) ? EACCES : ENOEXEC); }

// 1 for a script, 0 for an ELF file that may be run; a negated errno.
int look(Context& context, int fd, Script* script, Text<kPathMax>* loader) {
  Beginning beginning;
  const char* head = beginning.bytes;
  const long size = context.call(__NR_pread64, fd, beginning.bytes, sizeof beginning.bytes, 0);
  if (size < 0) return static_cast<int>(size);
  beginning.size = static_cast<size_t>(size);
  const bool is_script = size >= 2 && head[0] == '#' && head[1] == '!';
  // execve, which would check the mode, does not get a script in a volume.
  if (is_script && read_script(script, beginning)) return is_refused(fd) ? context.refuse(EACCES) : 1;
  const bool is_elf = size >= 4 && head[0] == 0x7f && head[1] == 'E' && head[2] == 'L' && head[3] == 'F';
  return is_elf ? check_loaders(context, fd, beginning, loader) : refuse_format(context, fd);
}

}  // namespace

[[gnu::noinline]] int inspect(Context& context, const char* path, Program* program) {
  Script beyond;  // script behind the last interpreter that execve takes
  Text<kPathMax> loader;
  for (;;) {
    bool shared = false;
    const int fd = open_checked(context, path, &shared);
    program->shared = program->shared || shared;
    if (fd < 0 && program->found && is_missing(fd)) {
      // execve reports a missing interpreter of a script, unless its path may lead elsewhere by then.
      if (program->shared) context.last_call = __NR_execve;
      return program->shared ? -ENOENT : 0;
    }
    if (fd < 0) return fd;
    program->found = true;
    const bool full = program->scripts == plan::kMaxScripts;
    Script* const script = full ? &beyond : &program->script[program->scripts];
    int result = look(context, fd, script, &loader);
    if (result == 1 && full) result = context.refuse(ELOOP);
    if (result == 0 && shared) {
      program->file = fd;
      return 0;
    }
    close_fd(fd);
    if (result <= 0) return result;
    program->scripts++;
    path = script->interpreter;
  }
}

}  // namespace orlop::init
