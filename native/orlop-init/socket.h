// Messages with descriptors, unix(7), without a C library.
#pragma once

#include <cstddef>
#include <cstdint>

#include "orlop-init/message.h"
#include "plan/format.h"

namespace orlop::orlop_init {

struct Parcel {
  const uint8_t* plan;  // null: the other end is gone, or sent no order
  size_t size;
  uint32_t features;
  uint32_t count;         // of the descriptors
  const uint32_t* slots;  // slot of each descriptor; kNoSlot: the progress
};

// Room for an order and the plan in it.
struct alignas(8) Buffer {
  uint8_t bytes[sizeof(OrderHeader) + slot_bytes(plan::kMaxSlots) + kLargestInline];
};

// Room for the descriptors of an order, close-on-exec.
using Descriptors = int[plan::kMaxSlots];

// Waits for an order. The plan is in `buffer`, or mapped.
Parcel receive_order(int socket, Buffer& buffer, Descriptors& descriptors);

// Sends an answer, with descriptors unless null. Ignores a closed socket.
void send_answer(int socket, const Answer& answer, const int (*descriptors)[kAnswerDescriptors]);

// Maps the memfd of the progress, shared, and closes it; null on failure.
Progress* map_progress(int file);

// Makes two connected sockets, close-on-exec; false on failure.
bool open_pair(int (&ends)[2]);

}  // namespace orlop::orlop_init
