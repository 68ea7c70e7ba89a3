// Messages between a program and an orlop-init: each is one message of a SOCK_SEQPACKET socket.
#pragma once

#include <cstddef>
#include <cstdint>

#include "init/run.h"
#include "plan/format.h"

namespace orlop::orlop_init {

// A plan up to this size travels in its message; a larger one in a memfd.
inline constexpr size_t kLargestInline = 48u << 10;
// Descriptors in one message, the kernel's limit (SCM_MAX_FD, unix(7)). Further descriptors follow in messages without
// data.
inline constexpr uint32_t kMaxDescriptors = 253;

// Program to orlop-init: a plan to execute. The first plan makes the container, the second becomes the application. The
// program has executed the `prepare` records of a plan with an opener; their descriptors come along.
//
// Behind the header come the slots of the descriptors, in an even number of words, and then the plan. The descriptor of
// the first order for kNoSlot is the progress.
struct OrderHeader {
  uint32_t size;         // of the plan, bytes
  uint32_t attached;     // 1: the plan is in a memfd, the first descriptor
  uint32_t features;     // init::Feature bits
  uint32_t descriptors;  // number of descriptors, without the memfd
};
static_assert(sizeof(OrderHeader) == 16, "the plan behind it stays aligned");

// Bytes of the slot numbers behind the header: whole pairs, so that the plan stays aligned.
constexpr size_t slot_bytes(uint32_t descriptors) { return (size_t{descriptors} + 1) / 2 * 8; }

enum class Event : uint32_t {
  kReady = 1,    // the container waits; with a new socket for the second order, and the mount namespace
  kRefused = 2,  // `report` says what failed
  kForked =
      3,  // the process in the container is made; with a new socket, whose first byte lets it go on, and its pidfd
};

// Descriptors of kReady and kForked.
inline constexpr uint32_t kAnswerDescriptors = 2;

// orlop-init to program.
struct Answer {
  Event event;
  init::Report report;
};
static_assert(sizeof(Answer) == 20);

// Progress of orlop-init, in a memfd that the program reads later. So the note right before `execve` needs no system
// call.
struct Progress {
  uint32_t executing;  // 1: about to execute the application; then the end of the socket means that it was executed
  uint32_t padding;
  uint64_t times[plan::kMaxOps + 1];  // init::Start::times of the current plan
};

}  // namespace orlop::orlop_init
