#include "launch/child.h"

#include <linux/futex.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#ifndef __NR_close_range
#define __NR_close_range 436
#endif

namespace orlop::launch {
namespace {

// Raw, because the C library's wrapper writes errno, and that is the launcher's own errno here.
long raw_syscall(long number, long a, long b, long c, long d) {
#if defined(__x86_64__)
  long result;
  register long r10 asm("r10") = d;
  asm volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10) : "rcx", "r11", "memory");
  return result;
#elif defined(__aarch64__)
  register long x8 asm("x8") = number;
  register long x0 asm("x0") = a;
  register long x1 asm("x1") = b;
  register long x2 asm("x2") = c;
  register long x3 asm("x3") = d;
  asm volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3) : "memory");
  return x0;
#else
#error "orlop knows the system calls of x86_64 and aarch64"
#endif
}

[[noreturn]] void leave(int status) {
  for (;;) raw_syscall(__NR_exit_group, status, 0, 0, 0);
}

// True when the way is free; false when the launcher could not prepare this child.
bool pass_gate(Child& child) {
  child.arrived.store(kArrived);
  raw_syscall(__NR_futex, reinterpret_cast<long>(&child.arrived), FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 1, 0);
  while (child.gate.load() == kGateClosed) {
    raw_syscall(__NR_futex, reinterpret_cast<long>(&child.gate), FUTEX_WAIT | FUTEX_PRIVATE_FLAG, kGateClosed, 0);
  }
  return child.gate.load() == kGateOpen;
}

// A child may hang, in a file system that does not answer. Its copies of the caller's descriptors would hold the
// caller's locks, and keep the pipes of other applications from their ends.
void close_others(const Child& child) {
  uint32_t first = 3;
  for (uint32_t i = 0; i < child.kept_count; ++i) {
    const auto kept = static_cast<uint32_t>(child.kept[i]);
    if (first < kept) raw_syscall(__NR_close_range, first, kept - 1, 0, 0);
    first = kept + 1;
  }
  raw_syscall(__NR_close_range, first, ~0u, 0, 0);
}

}  // namespace

int child_main(void* argument) {
  Child& child = *static_cast<Child*>(argument);
  if (child.death_signal != 0) raw_syscall(__NR_prctl, PR_SET_PDEATHSIG, child.death_signal, 0, 0);
  if (child.cancelled.load() != 0) leave(127);
  if (child.kept != nullptr) close_others(child);
  if (child.gated && !pass_gate(child)) leave(127);
  init::run(child.start);
  child.returned.store(1);
  leave(127);
}

}  // namespace orlop::launch
