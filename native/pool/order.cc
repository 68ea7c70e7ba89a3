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

namespace orlop::pool {
namespace {

using orlop_init::kMaxDescriptors;
using orlop_init::OrderHeader;

constexpr unsigned kCloexec = 1;  // MFD_CLOEXEC; the C library of 2.28 has it, its older headers not

// Writes a plan that is too large for a message to a memfd.
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

// Descriptors of an order, each with its slot.
struct Contents {
  std::vector<uint32_t> slots;
  std::vector<int> descriptors;

  void add(size_t slot, int descriptor) {
    slots.push_back(static_cast<uint32_t>(slot));
    descriptors.push_back(descriptor);
  }
};

Contents contents_of(const Order& order, const std::vector<UniqueFd>& opened, int progress) {
  Contents contents;
  if (progress >= 0) contents.add(plan::kNoSlot, progress);
  for (size_t slot = 0; slot < order.sources.size(); ++slot) contents.add(slot, order.sources[slot].fd.get());
  for (size_t slot = order.sources.size(); slot < opened.size(); ++slot) {
    if (opened[slot]) contents.add(slot, opened[slot].get());
  }
  return contents;
}

}  // namespace

Failure make_file(const char* name, UniqueFd& file) {
  file.reset(static_cast<int>(syscall(SYS_memfd_create, name, kCloexec)));
  return file ? Failure{} : failed("memfd_create");
}

Failure send_order(int socket, const Order& order, const std::vector<UniqueFd>& opened, int progress) {
  auto [slots, descriptors] = contents_of(order, opened, progress);
  const auto& plan = order.plan;
  OrderHeader head{.size = static_cast<uint32_t>(plan.size()),
                   .attached = plan.size() > orlop_init::kLargestInline,
                   .features = order.features,
                   .descriptors = static_cast<uint32_t>(descriptors.size())};
  slots.resize(orlop_init::slot_bytes(head.descriptors) / sizeof(uint32_t));
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

}  // namespace orlop::pool
