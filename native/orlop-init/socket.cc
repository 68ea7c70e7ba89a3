#include "orlop-init/socket.h"

#include <linux/errno.h>

#include "init/syscalls.h"

namespace orlop::orlop_init {
namespace {

using init::system_call;

inline constexpr int kUnix = 1;                     // AF_UNIX
inline constexpr int kSequenced = 5;                // SOCK_SEQPACKET
inline constexpr int kSocketCloexec = 02000000;     // SOCK_CLOEXEC
inline constexpr int kReceiveCloexec = 0x40000000;  // MSG_CMSG_CLOEXEC
inline constexpr int kNoSignal = 0x4000;            // MSG_NOSIGNAL
inline constexpr int kTruncated = 0x20 | 0x08;      // MSG_TRUNC, MSG_CTRUNC
inline constexpr int kSocketLevel = 1;              // SOL_SOCKET
inline constexpr int kRights = 1;                   // SCM_RIGHTS
inline constexpr int kProtRead = 1;                 // PROT_READ
inline constexpr int kProtWrite = 2;                // PROT_WRITE
inline constexpr int kMapShared = 1;                // MAP_SHARED
inline constexpr int kMapPrivate = 2;               // MAP_PRIVATE

struct Part {
  const void* base;
  size_t size;
};

struct Header {
  void* name;
  uint32_t name_size;
  Part* parts;
  size_t count;
  void* control;
  size_t control_size;
  int flags;
};

struct alignas(8) Control {
  size_t size;
  int level;
  int type;
  int descriptors[kMaxDescriptors];
};
inline constexpr size_t kControlHead = offsetof(Control, descriptors);

// One received message.
struct Message {
  long size;  // -1: the other end is gone, or the message was truncated
  uint32_t count;
  int descriptors[kMaxDescriptors];
};

// Receives a message. The kernel puts all its descriptors into one control record.
Message receive_message(int socket, void* to, size_t room) {
  Message message = {-1, 0, {}};
  Control control;
  Part part = {to, room};
  Header header = {nullptr, 0, &part, 1, &control, sizeof control, 0};
  long size = -EINTR;
  while (size == -EINTR) size = system_call(__NR_recvmsg, socket, &header, kReceiveCloexec);
  if (size <= 0 || (header.flags & kTruncated) != 0) return message;
  message.size = size;
  if (header.control_size < kControlHead || control.level != kSocketLevel || control.type != kRights) return message;
  message.count = static_cast<uint32_t>((control.size - kControlHead) / sizeof(int));
  for (uint32_t i = 0; i < message.count; i++) message.descriptors[i] = control.descriptors[i];
  return message;
}

// Receives the descriptors of an order that its first message did not bring.
bool receive_rest(int socket, Descriptors& descriptors, uint32_t count, uint32_t wanted) {
  while (count < wanted) {
    uint8_t nothing[8];
    const Message more = receive_message(socket, nothing, sizeof nothing);
    if (more.size < 0 || more.count == 0 || more.count > wanted - count) return false;
    for (uint32_t i = 0; i < more.count; i++) descriptors[count++] = more.descriptors[i];
  }
  return true;
}

void* map_file(int file, size_t size, int protection, int kind) {
  const long address = init::raw_call(__NR_mmap, 0, static_cast<long>(size), protection, kind, file, 0);
  system_call(__NR_close, file);
  return address < 0 && address >= -4095 ? nullptr : reinterpret_cast<void*>(address);
}

}  // namespace

Parcel receive_order(int socket, Buffer& buffer, Descriptors& descriptors) {
  Parcel parcel = {};
  const Message first = receive_message(socket, buffer.bytes, sizeof buffer.bytes);
  if (first.size < static_cast<long>(sizeof(OrderHeader))) return parcel;
  const auto& order = *reinterpret_cast<const OrderHeader*>(buffer.bytes);
  const bool attached = order.attached != 0;
  if (order.descriptors > plan::kMaxSlots || first.count > order.descriptors + attached) return parcel;
  if (attached && first.count == 0) return parcel;
  const size_t head = sizeof(OrderHeader) + slot_bytes(order.descriptors);
  if (head + (attached ? 0 : order.size) != static_cast<size_t>(first.size)) return parcel;
  uint32_t count = 0;
  for (uint32_t i = attached; i < first.count; i++) descriptors[count++] = first.descriptors[i];
  if (!receive_rest(socket, descriptors, count, order.descriptors)) return parcel;
  parcel = {buffer.bytes + head, order.size, order.features, order.descriptors,
            reinterpret_cast<const uint32_t*>(buffer.bytes + sizeof(OrderHeader))};
  if (attached) {
    parcel.plan = static_cast<const uint8_t*>(map_file(first.descriptors[0], order.size, kProtRead, kMapPrivate));
  }
  return parcel;
}

Progress* map_progress(int file) {
  return static_cast<Progress*>(map_file(file, sizeof(Progress), kProtRead | kProtWrite, kMapShared));
}

void send_answer(int socket, const Answer& answer, const int (*descriptors)[kAnswerDescriptors]) {
  Part part = {&answer, sizeof answer};
  Control control;
  Header header = {nullptr, 0, &part, 1, nullptr, 0, 0};
  if (descriptors != nullptr) {
    control.size = kControlHead + sizeof *descriptors;
    control.level = kSocketLevel;
    control.type = kRights;
    for (uint32_t i = 0; i < kAnswerDescriptors; i++) control.descriptors[i] = (*descriptors)[i];
    header.control = &control;
    header.control_size = (control.size + 7) & ~size_t{7};
  }
  system_call(__NR_sendmsg, socket, &header, kNoSignal);
}

bool open_pair(int (&ends)[2]) {
  return system_call(__NR_socketpair, kUnix, kSequenced | kSocketCloexec, 0, ends) == 0;
}

}  // namespace orlop::orlop_init
