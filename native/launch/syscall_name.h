// The name of a system call that the executor makes, by its number on this machine.
#pragma once

#include <string>

namespace orlop::launch {

// "syscall 999" for one that the executor is not known to make.
std::string syscall_name(int number);

}  // namespace orlop::launch
