// The orders of the program: plans that orlop-init executes, and what it answers.
#pragma once

#include <cstddef>
#include <cstdint>

#include "init/run.h"
#include "orlop-init/socket.h"
#include "plan/format.h"

namespace orlop::orlop_init {

inline constexpr uint32_t kPointers = 1024;  // arguments and variables that need no mapping

// Not on the stack: pages that are not touched cost no memory.
struct Memory {
  Buffer first;  // stays: the second plan uses the slots of the first
  Buffer second;
  int32_t slots[plan::kMaxSlots];
  Descriptors descriptors;
  char* pointers[kPointers];
  init::Report report;
};
extern Memory memory;  // NOLINT(bugprone-dynamic-static-initializers): constinit where it is defined

// The socket.
extern int control;  // NOLINT(bugprone-dynamic-static-initializers): the same

void answer(Event event, const int (*descriptors)[kAnswerDescriptors] = nullptr);

// Reports the failure of a plan, and ends.
[[noreturn]] void refuse();
// The same where no operation has failed.
[[noreturn]] void refuse_order(int error);

// Waits for an order, and prepares its start. The first `known` slots keep their descriptors, unless the order fills
// them.
init::Start await(Buffer& buffer, uint32_t known);

}  // namespace orlop::orlop_init
