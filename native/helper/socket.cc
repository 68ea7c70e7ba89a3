#include "helper/socket.h"

#include <linux/errno.h>

#include "init/syscalls.h"

namespace orlop::helper {
namespace {

using init::Syscall;

inline constexpr int kUnix = 1;                     // AF_UNIX
inline constexpr int kSequenced = 5;                // SOCK_SEQPACKET
inline constexpr int kSocketCloexec = 02000000;     // SOCK_CLOEXEC
inline constexpr int kReceiveCloexec = 0x40000000;  // MSG_CMSG_CLOEXEC
inline constexpr int kNoSignal = 0x4000;            // MSG_NOSIGNAL
inline constexpr int kTruncated = 0x20 | 0x08;      // MSG_TRUNC, MSG_CTRUNC
inline constexpr int kSocketLevel = 1;              // SOL_SOCKET
inline constexpr int kRights = 1;                   // SCM_RIGHTS
inline constexpr int kProtRead = 1;                 // PROT_READ
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

// The descriptors that came along; the kernel puts those of one message into one record.
uint32_t Take(const Header& header, const Control& control, int (&to)[kMaxDescriptors]) {
  if (header.control_size < kControlHead || control.level != kSocketLevel || control.type != kRights) return 0;
  const auto count = static_cast<uint32_t>((control.size - kControlHead) / sizeof(int));
  for (uint32_t i = 0; i < count; i++) to[i] = control.descriptors[i];
  return count;
}

const uint8_t* Map(int file, size_t size) {
  const long address = init::RawCall(__NR_mmap, 0, static_cast<long>(size), kProtRead, kMapPrivate, file, 0);
  Syscall(__NR_close, file);
  return address < 0 && address >= -4095 ? nullptr : reinterpret_cast<const uint8_t*>(address);
}

}  // namespace

Parcel Receive(int socket, Buffer& buffer) {
  Parcel parcel = {};
  Control control;
  Part part = {buffer.bytes, sizeof buffer.bytes};
  Header header = {nullptr, 0, &part, 1, &control, sizeof control, 0};
  long size = -EINTR;
  while (size == -EINTR) size = Syscall(__NR_recvmsg, socket, &header, kReceiveCloexec);
  if (size < static_cast<long>(sizeof(Order)) || (header.flags & kTruncated) != 0) return parcel;
  parcel.count = Take(header, control, parcel.descriptors);
  const auto& order = *reinterpret_cast<const Order*>(buffer.bytes);
  parcel.features = order.features;
  parcel.size = order.size;
  if (order.attached != 0) {
    if (parcel.count > 0) parcel.plan = Map(parcel.descriptors[--parcel.count], order.size);
  } else if (order.size == static_cast<size_t>(size) - sizeof(Order)) {
    parcel.plan = buffer.bytes + sizeof(Order);
  }
  return parcel;
}

void Send(int socket, const Answer& answer, const uint64_t* times, int descriptor) {
  Part parts[2] = {{&answer, sizeof answer}, {times, answer.times * sizeof(uint64_t)}};
  Control control = {kControlHead + sizeof(int), kSocketLevel, kRights, {descriptor}};
  Header header = {nullptr, 0, parts, 2, nullptr, 0, 0};
  if (descriptor >= 0) {
    header.control = &control;
    header.control_size = (control.size + 7) & ~size_t{7};
  }
  Syscall(__NR_sendmsg, socket, &header, kNoSignal);
}

bool Connect(int (&ends)[2]) { return Syscall(__NR_socketpair, kUnix, kSequenced | kSocketCloexec, 0, ends) == 0; }

}  // namespace orlop::helper
