// A program and the interpreters that the kernel would run for it, looked at before execve.
#pragma once

#include "init/context.h"
#include "plan/reader.h"

namespace orlop::init {

// What execve reads of a file to find out what it is (BINPRM_BUF_SIZE of linux/binfmts.h).
inline constexpr uint32_t kHead = 256;

// One `#!` line: what runs the script, and its argument.
struct Script {
  char line[kHead + 1];
  const char* interpreter;
  const char* argument;  // null where there is none
};

// What is to be executed.
struct Program {
  bool found = false;  // the file is there, whatever else is wrong
  // Whether a path of it leads through another mount than the root: a volume, in which others may at any moment put
  // something else in the place of what was looked at.
  bool shared = false;
  int file = -1;  // where `shared`: the file that runs in the end; -1: its path is safe
  uint32_t scripts = 0;
  Script script[plan::kMaxScripts];  // from the first file on
};

// Finds out what execve would run, and refuses (EACCES) what is not a regular file, what lies on procfs, and what is
// reached through a magic link: a program that leads to /proc/self/exe would run the caller's own binary with the
// container's rights and let the container write to it (CVE-2019-5736). The same for the interpreter of `#!` and of
// ELF, which execve follows itself; and nothing that is neither (ENOEXEC), for which the host may have an interpreter
// that nobody here knows of (binfmt_misc). 0 or a negated errno; `program.file` is the caller's to close.
int inspect(Context& context, const char* path, Program* program);

}  // namespace orlop::init
