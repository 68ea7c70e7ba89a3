// orlop-init: what runs where the caller's own memory must not be. Freestanding, static, without an environment.
#pragma once

namespace orlop::helper {

[[noreturn]] void leave(int status);

// `orlop-init member`: the container init process of a pool. Descriptor 0 is its socket (message.h).
[[noreturn]] void run_member();

}  // namespace orlop::helper

// `stack` is what the kernel left there: argc, argv.
extern "C" [[noreturn]] void orlop_init_main(const long* stack);
