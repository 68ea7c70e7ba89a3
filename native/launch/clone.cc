#include "launch/clone.h"

#include <sched.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "base/syscall_numbers.h"

#ifndef CLONE_PIDFD
#define CLONE_PIDFD 0x00001000
#endif
#ifndef CLONE_INTO_CGROUP
#define CLONE_INTO_CGROUP 0x200000000ULL
#endif

namespace orlop::launch {
namespace {

constexpr size_t kGuard = 64 * 1024;  // one page, however large pages are
constexpr size_t kStack = 256 * 1024;

// struct clone_args of linux/sched.h, to its second extension (5.7).
struct CloneArgs {
  uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid, set_tid_size, cgroup;
};
static_assert(sizeof(CloneArgs) == 88);

// The child starts with the registers of the caller, but on another stack, where no value of the compiler is. So the
// function and its argument travel in registers, and the child never leaves this asm.
long clone3_onto_stack(CloneArgs* args, int (*entry)(void*), void* argument) {
#if defined(__x86_64__)
  long result = __NR_clone3;
  register void* r8 asm("r8") = argument;
  register int (*r9)(void*) asm("r9") = entry;
  asm volatile(
      "syscall\n"
      "test %%rax, %%rax\n"
      "jnz 1f\n"
      "xor %%ebp, %%ebp\n"  // the end of the chain of frames
      "mov %%r8, %%rdi\n"
      "call *%%r9\n"
      "ud2\n"
      "1:\n"
      : "+a"(result)
      : "D"(args), "S"(sizeof *args), "r"(r8), "r"(r9)
      : "rcx", "r11", "memory", "cc");
  return result;
#elif defined(__aarch64__)
  register long x8 asm("x8") = __NR_clone3;
  register long x0 asm("x0") = reinterpret_cast<long>(args);
  register long x1 asm("x1") = sizeof *args;
  register void* x10 asm("x10") = argument;
  register int (*x11)(void*) asm("x11") = entry;
  asm volatile(
      "svc 0\n"
      "cbnz x0, 1f\n"
      "mov x29, xzr\n"
      "mov x30, xzr\n"
      "mov x0, x10\n"
      "blr x11\n"
      "brk 1\n"
      "1:\n"
      : "+r"(x0)
      : "r"(x8), "r"(x1), "r"(x10), "r"(x11)
      : "memory", "cc");
  return x0;
#else
#error "orlop knows clone3 on x86_64 and aarch64"
#endif
}

}  // namespace

bool ChildStack::allocate() {
  if (base_ != nullptr) return true;
  void* memory = mmap(nullptr, kGuard + kStack, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) return false;
  if (mprotect(static_cast<uint8_t*>(memory) + kGuard, kStack, PROT_READ | PROT_WRITE) != 0) {
    munmap(memory, kGuard + kStack);
    return false;
  }
  base_ = static_cast<uint8_t*>(memory);
  return true;
}

void ChildStack::discard() {
  if (base_ != nullptr) madvise(bottom(), size(), MADV_DONTNEED);
}

ChildStack::~ChildStack() {
  if (base_ != nullptr) munmap(base_, kGuard + kStack);
}

uint8_t* ChildStack::bottom() const { return base_ + kGuard; }

size_t ChildStack::size() const { return kStack; }

long clone_child(const CloneRequest& request, const ChildStack& stack) {
  // The exit signal stays 0 until the child executes. So no foreign wait takes the child, the program sees no SIGCHLD
  // for a failed start, and has_executed() tells the two apart. A sibling has the exit signal of this process.
  const uint64_t family = request.sibling ? CLONE_PARENT : 0;
  const uint64_t flags = request.namespaces | family | CLONE_VM | CLONE_VFORK | CLONE_PIDFD;
  if (!request.clone3) {
    // The C library's clone is safe here: in the child it calls only `entry`.
    const int pid = clone(request.entry, stack.bottom() + stack.size(), static_cast<int>(flags), request.argument,
                          request.pidfd, nullptr, nullptr);
    return pid < 0 ? -errno : pid;
  }
  CloneArgs args{};
  args.flags = flags;
  args.pidfd = reinterpret_cast<uint64_t>(request.pidfd);
  args.stack = reinterpret_cast<uint64_t>(stack.bottom());
  args.stack_size = stack.size();
  if (request.cgroup >= 0) {
    args.flags |= CLONE_INTO_CGROUP;
    args.cgroup = static_cast<uint64_t>(request.cgroup);
  }
  return clone3_onto_stack(&args, request.entry, request.argument);
}

}  // namespace orlop::launch
