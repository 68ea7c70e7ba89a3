// Checks a program, and the interpreters that the kernel would run for it, before execve.
#pragma once

#include "init/context.h"
#include "plan/reader.h"

namespace orlop::init {

// Bytes of a file from which execve takes the format (BINPRM_BUF_SIZE of linux/binfmts.h).
inline constexpr uint32_t kHead = 256;

// One `#!` line: interpreter and argument.
struct Script {
  char line[kHead + 1];
  const char* interpreter;
  const char* argument;  // null: none
};

// The program to execute.
struct Program {
  bool found = false;  // the file exists, even if it is refused
  // True if a path leads through another mount than the root: in a volume, other processes may replace the file after
  // the check.
  bool shared = false;
  int file = -1;  // with `shared`: the file to execute; -1: its path is safe
  uint32_t scripts = 0;
  Script script[plan::kMaxScripts];  // first file first
};

// Finds the files that execve would run. Refuses (EACCES) a file that is not regular, is on procfs, or is behind a
// magic link: through /proc/self/exe a program would run the caller's own binary with the container's rights, and let
// the container write to it (CVE-2019-5736). The same for the interpreters of `#!` and ELF. A file that is neither is
// refused (ENOEXEC), because the host may have an interpreter for it (binfmt_misc). 0 or a negated errno; the caller
// closes `program.file`.
int inspect(Context& context, const char* path, Program* program);

}  // namespace orlop::init
