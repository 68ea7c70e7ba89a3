// Names of the system calls that the executor makes, by their numbers on this machine.
#pragma once

#include <string>

namespace orlop::launch {

// "syscall 999" for an unknown number.
std::string syscall_name(int number);

}  // namespace orlop::launch
