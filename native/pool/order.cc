#include "pool/order.h"

#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <span>

#include "orlop-init/message.h"

namespace orlop::launch {
namespace {

using helper::kMaxDescriptors;
using helper::Order;

constexpr unsigned kCloexec = 1;  // MFD_CLOEXEC; the C library of 2.28 has it, its older headers not

// A file in memory with the plan, for one that is too large for a message.
Failure put_in_memory(const std::vector<uint8_t>& plan, UniqueFd& file) {
  if (Failure failure = make_file("orlop-plan", file)) return failure;
  for (size_t done = 0; done < plan.size();) {
    const ssize_t size = write(file.get(), plan.data() + done, plan.size() - done);
    if (size < 0) return failed("write");
    done += static_cast<size_t>(size);
  }
  return {};
}

Failure send_message(int socket, std::span<iovec> parts, std::span<const int> descriptors) {
  msghdr header{};
  header.msg_iov = parts.data();
  header.msg_iovlen = parts.size();
  alignas(cmsghdr) uint8_t control[CMSG_SPACE(kMaxDescriptors * sizeof(int))];
  if (!descriptors.empty()) {
    header.msg_control = control;
    header.msg_controllen = CMSG_SPACE(descriptors.size_bytes());
    memset(control, 0, header.msg_controllen);
    cmsghdr* rights = CMSG_FIRSTHDR(&header);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(descriptors.size_bytes());
    memcpy(CMSG_DATA(rights), descriptors.data(), descriptors.size_bytes());
  }
  return sendmsg(socket, &header, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 ? failed("sendmsg") : Failure{};
}

// The descriptors of an order, and the slot that each of them is for.
struct Contents {
  std::vector<uint32_t> slots;
  std::vector<int> descriptors;

  void add(size_t slot, int descriptor) {
    slots.push_back(static_cast<uint32_t>(slot));
    descriptors.push_back(descriptor);
  }
};

Contents contents_of(const MemberOrder& order, const std::vector<UniqueFd>& opened, int record) {
  Contents contents;
  if (record >= 0) contents.add(plan::kNoSlot, record);
  for (size_t slot = 0; slot < order.supplies.size(); ++slot) contents.add(slot, order.supplies[slot].fd.get());
  for (size_t slot = order.supplies.size(); slot < opened.size(); ++slot) {
    if (opened[slot]) contents.add(slot, opened[slot].get());
  }
  return contents;
}

}  // namespace

Failure make_file(const char* name, UniqueFd& file) {
  file.reset(static_cast<int>(syscall(SYS_memfd_create, name, kCloexec)));
  return file ? Failure{} : failed("memfd_create");
}

Failure send_order(int socket, const MemberOrder& order, const std::vector<UniqueFd>& opened, int record) {
  auto [slots, descriptors] = contents_of(order, opened, record);
  const auto& plan = order.plan;
  Order head{.size = static_cast<uint32_t>(plan.size()),
             .attached = plan.size() > helper::kLargestInline,
             .features = order.features,
             .descriptors = static_cast<uint32_t>(descriptors.size())};
  slots.resize(helper::slot_bytes(head.descriptors) / sizeof(uint32_t));
  UniqueFd file;
  if (head.attached != 0) {
    if (Failure failure = put_in_memory(plan, file)) return failure;
    descriptors.insert(descriptors.begin(), file.get());
  }
  iovec parts[] = {{&head, sizeof head},
                   {slots.data(), slots.size() * sizeof(uint32_t)},
                   {const_cast<uint8_t*>(plan.data()), head.attached != 0 ? 0 : plan.size()}};
  std::span<const int> rest(descriptors);
  std::span<iovec> content(parts);
  char nothing = 0;
  iovec empty = {&nothing, sizeof nothing};
  do {
    const auto next = rest.first(std::min<size_t>(rest.size(), kMaxDescriptors));
    if (Failure failure = send_message(socket, content, next)) return failure;
    rest = rest.subspan(next.size());
    content = {&empty, 1};
  } while (!rest.empty());
  return {};
}

}  // namespace orlop::launch
