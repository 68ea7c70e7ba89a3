// orlop-init: processes of orlop that must not share the caller's memory. Freestanding, static, with an empty
// environment.
#pragma once

namespace orlop::orlop_init {

[[noreturn]] void leave(int status);

// `orlop-init wait`: the container init process of a waiting container. Descriptor 0 is its socket (message.h).
[[noreturn]] void run_waiting_container();

// `orlop-init guard`: the guard of a container without a PID namespace. Descriptor 0 is a pipe that ends with the
// container's life in the program, 1 the directory of its control group. Exits with 0 when no process is left in it.
[[noreturn]] void run_guard();
// `orlop-init enter`: a process of a container that runs already. Descriptor 0 is its socket.
[[noreturn]] void run_entering();

}  // namespace orlop::orlop_init

// `stack` is the initial stack of the kernel: argc, argv.
extern "C" [[noreturn]] void orlop_init_main(const long* stack);
