// What a program and its waiting orlop-init say to each other: one message of a SOCK_SEQPACKET socket each time.
#pragma once

#include <cstddef>
#include <cstdint>

#include "init/run.h"
#include "plan/format.h"

namespace orlop::helper {

// A plan up to this size travels in its message; a larger one in a memfd.
inline constexpr size_t kLargestInline = 48u << 10;
// As many descriptors as the kernel takes in one message (SCM_MAX_FD, unix(7)); what is more follows in messages that
// have nothing else.
inline constexpr uint32_t kMaxDescriptors = 253;

// Program to member: a plan to execute. The first one makes the container, the second one becomes the application.
// Where a plan has an opener, the program has executed its `prepare`, and what came of that comes along.
//
// The slots that the descriptors are for follow, in an even number of words, and then the plan. With the first one
// comes the file of the record, for no slot.
struct Order {
  uint32_t size;         // of the plan, bytes
  uint32_t attached;     // 1: in a memfd, the first descriptor that comes
  uint32_t features;     // init::Feature bits
  uint32_t descriptors;  // how many there are, without the memfd
};
static_assert(sizeof(Order) == 16, "the plan behind it stays aligned");

// Bytes of the slots' numbers behind an order: whole pairs, so that the plan stays aligned.
constexpr size_t slot_bytes(uint32_t descriptors) { return (size_t{descriptors} + 1) / 2 * 8; }

enum class Event : uint32_t {
  kReady = 1,    // it waits; a new socket for the second order comes along, and its mount namespace
  kRefused = 2,  // `report` says what failed
};

// Descriptors of kReady.
inline constexpr uint32_t kAnswerDescriptors = 2;

// Member to program.
struct Answer {
  Event event;
  init::Report report;
};
static_assert(sizeof(Answer) == 20);

// What a member writes down while it works, in a file in memory that the program reads when it hears of it. What has to
// be said right before `execve` so takes no system call there.
struct Record {
  uint32_t executing;  // 1: about to execute the application; the end of the socket then says that it did
  uint32_t padding;
  uint64_t times[plan::kMaxOps + 1];  // Start::times of the plan that runs
};

}  // namespace orlop::helper
