// System calls without libc: no errno, no cancellation points, no locks. A result from -4095 to -1 is a negated errno.
#pragma once

#include <cstdint>

#include "base/syscall_numbers.h"

namespace orlop::init {

#if defined(__clang_analyzer__)
// The analyzer does not know what an instruction writes. It takes a call for one that fills what it gets pointers to.
long raw_call(long number, long a, long b, long c, long d, long e, long f);
#elif defined(__x86_64__)
inline long raw_call(long number, long a, long b, long c, long d, long e, long f) {
  register long r10 __asm__("r10") = d;
  register long r8 __asm__("r8") = e;
  register long r9 __asm__("r9") = f;
  long result;
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                   : "rcx", "r11", "memory");
  return result;
}
#elif defined(__aarch64__)
inline long raw_call(long number, long a, long b, long c, long d, long e, long f) {
  register long x8 __asm__("x8") = number;
  register long x0 __asm__("x0") = a;
  register long x1 __asm__("x1") = b;
  register long x2 __asm__("x2") = c;
  register long x3 __asm__("x3") = d;
  register long x4 __asm__("x4") = e;
  register long x5 __asm__("x5") = f;
  __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory", "cc");
  return x0;
}
#else
#error "no system calls for this architecture"
#endif

inline long word(const void* pointer) { return reinterpret_cast<long>(pointer); }
inline long word(decltype(nullptr)) { return 0; }
inline long word(int number) { return number; }
inline long word(unsigned number) { return static_cast<long>(number); }
inline long word(long number) { return number; }
inline long word(unsigned long number) { return static_cast<long>(number); }

inline long system_call(long number) { return raw_call(number, 0, 0, 0, 0, 0, 0); }
template <typename A>
inline long system_call(long number, A a) {
  return raw_call(number, word(a), 0, 0, 0, 0, 0);
}
template <typename A, typename B>
inline long system_call(long number, A a, B b) {
  return raw_call(number, word(a), word(b), 0, 0, 0, 0);
}
template <typename A, typename B, typename C>
inline long system_call(long number, A a, B b, C c) {
  return raw_call(number, word(a), word(b), word(c), 0, 0, 0);
}
template <typename A, typename B, typename C, typename D>
inline long system_call(long number, A a, B b, C c, D d) {
  return raw_call(number, word(a), word(b), word(c), word(d), 0, 0);
}
template <typename A, typename B, typename C, typename D, typename E>
inline long system_call(long number, A a, B b, C c, D d, E e) {
  return raw_call(number, word(a), word(b), word(c), word(d), word(e), 0);
}

}  // namespace orlop::init
