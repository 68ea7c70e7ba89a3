// Messages with descriptors, unix(7), without a C library.
#pragma once

#include <cstddef>
#include <cstdint>

#include "orlop-init/message.h"
#include "plan/format.h"

namespace orlop::helper {

struct Parcel {
  const uint8_t* plan;  // null: the other end is gone, or what came is no order
  size_t size;
  uint32_t features;
  uint32_t count;         // of the descriptors
  const uint32_t* slots;  // which slot each of them is for; kNoSlot: the record
};

// Room for an order and the plan in it.
struct alignas(8) Buffer {
  uint8_t bytes[sizeof(Order) + slot_bytes(plan::kMaxSlots) + kLargestInline];
};

// Room for the descriptors of an order, close-on-exec.
using Descriptors = int[plan::kMaxSlots];

// Waits for an order. The plan lies in the buffer, or is mapped.
Parcel receive_order(int socket, Buffer& buffer, Descriptors& descriptors);

// Sends an answer, and descriptors if there are any. A program that is gone needs none.
void send_answer(int socket, const Answer& answer, const int (*descriptors)[kAnswerDescriptors]);

// A shared mapping of a record's file, which is closed; null when there is none to be had.
Record* map_record(int file);

// Two connected ends, close-on-exec; false when there are none to be had.
bool open_pair(int (&ends)[2]);

}  // namespace orlop::helper
