// The first instruction, and the functions that a compiler may call for plain C++ code. There is no C library.
#include <cstddef>
#include <cstdint>

#include "orlop-init/main.h"

#if defined(__x86_64__)
asm(".globl _start\n"
    ".type _start, @function\n"
    "_start:\n"
    "xor %ebp, %ebp\n"  // the end of the chain of frames
    "mov %rsp, %rdi\n"
    "and $-16, %rsp\n"
    "call orlop_init_main\n"
    "ud2\n");
#elif defined(__aarch64__)
asm(".globl _start\n"
    ".type _start, %function\n"
    "_start:\n"
    "mov x29, xzr\n"
    "mov x30, xzr\n"
    "mov x0, sp\n"
    "bl orlop_init_main\n"
    "brk 1\n");
#else
#error "no entry for this architecture"
#endif

extern "C" {

void* memcpy(void* to, const void* from, size_t size) {
  auto* target = static_cast<uint8_t*>(to);
  const auto* source = static_cast<const uint8_t*>(from);
  for (size_t i = 0; i < size; i++) target[i] = source[i];
  return to;
}

void* memmove(void* to, const void* from, size_t size) {
  auto* target = static_cast<uint8_t*>(to);
  const auto* source = static_cast<const uint8_t*>(from);
  if (target <= source) return memcpy(to, from, size);
  for (size_t i = size; i > 0; i--) target[i - 1] = source[i - 1];
  return to;
}

void* memset(void* to, int value, size_t size) {
  auto* target = static_cast<uint8_t*>(to);
  for (size_t i = 0; i < size; i++) target[i] = static_cast<uint8_t>(value);
  return to;
}

int memcmp(const void* one, const void* other, size_t size) {
  const auto* a = static_cast<const uint8_t*>(one);
  const auto* b = static_cast<const uint8_t*>(other);
  for (size_t i = 0; i < size; i++) {
    if (a[i] != b[i]) return a[i] < b[i] ? -1 : 1;
  }
  return 0;
}

}  // extern "C"
