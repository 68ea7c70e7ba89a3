// What a program and its waiting orlop-init say to each other: one message of a SOCK_SEQPACKET socket each time.
#pragma once

#include <cstddef>
#include <cstdint>

#include "init/run.h"

namespace orlop::helper {

// A plan up to this size travels in its message; a larger one in a memfd, whose descriptor comes last.
inline constexpr size_t kLargestInline = 48u << 10;
// Descriptors of one message: those for the plan's supplied slots, and the memfd.
inline constexpr uint32_t kMaxDescriptors = 16;

// Program to member: a plan to execute. The first one prepares, the second one becomes the application.
struct Order {
  uint32_t size;      // of the plan, bytes
  uint32_t attached;  // 1: in a memfd
  uint32_t features;  // init::Feature bits
  uint32_t reserved;
};
static_assert(sizeof(Order) == 16, "the plan behind it stays aligned");

enum class Event : uint32_t {
  kReady = 1,      // prepared; a new socket for the second order comes along
  kExecuting = 2,  // about to execute the application; the end of the socket then says that it did
  kRefused = 3,    // `report` says what failed
};

// Member to program; `times` entries of Start::times follow.
struct Answer {
  Event event;
  uint32_t times;
  init::Report report;
};
static_assert(sizeof(Answer) == 24, "the times behind it stay aligned");

}  // namespace orlop::helper
