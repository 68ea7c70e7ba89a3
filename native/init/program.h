// A program and the interpreters that the kernel would run for it, looked at before execve.
#pragma once

#include "init/context.h"

namespace orlop::init {

struct Program {
  int error;  // 0: execve may try it
};

// Refuses (EACCES) what is not a regular file, what lies on procfs, and what is reached through a magic link: a
// program that leads to /proc/self/exe would run the caller's own binary with the container's rights and let the
// container write to it (CVE-2019-5736). The same for the interpreter of `#!` and of ELF, which execve follows itself.
Program Inspect(Context& context, const char* path);

}  // namespace orlop::init
