// orlop-init: a process of a container that must not share the caller's memory. Freestanding, static, with an empty
// environment.
#pragma once

namespace orlop::orlop_init {

[[noreturn]] void leave(int status);

// `orlop-init wait`: the container init process of a waiting container. Descriptor 0 is its socket (message.h).
[[noreturn]] void run_waiting_container();

// `orlop-init enter`: a process of a container that runs already. Descriptor 0 is its socket.
[[noreturn]] void run_entering();

}  // namespace orlop::orlop_init

// `stack` is the initial stack of the kernel: argc, argv.
extern "C" [[noreturn]] void orlop_init_main(const long* stack);
