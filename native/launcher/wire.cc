#include "launcher/wire.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <cerrno>
#include <mutex>
#include <set>
#include <span>
#include <utility>

namespace orlop::launcher {
namespace {

// Of one sendmsg, SCM_MAX_FD of the kernel. Further descriptors follow the message, each lot with a byte.
constexpr size_t kMaxDescriptors = 253;
constexpr uint32_t kMaxSize = 1u << 30;
constexpr char kName[] = "orlop-launcher";

struct Header {
  uint32_t size;
  uint32_t descriptors;
};

// A failure names its call by a text that lives as long as the program. The calls are few.
const char* lasting(std::string text) {
  static std::mutex mutex;
  static auto* const texts = new std::set<std::string>;
  const std::lock_guard lock(mutex);
  return texts->insert(std::move(text)).first->c_str();
}

// Sends all bytes, and the descriptors with the first of them.
Failure send_all(int socket, std::span<iovec> parts, std::span<const int> descriptors) {
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int) * kMaxDescriptors)] = {};
  msghdr rest{};
  rest.msg_iov = parts.data();
  rest.msg_iovlen = parts.size();
  if (!descriptors.empty()) {
    rest.msg_control = control;
    rest.msg_controllen = CMSG_SPACE(descriptors.size_bytes());
    cmsghdr* const rights = CMSG_FIRSTHDR(&rest);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(descriptors.size_bytes());
    std::memcpy(CMSG_DATA(rights), descriptors.data(), descriptors.size_bytes());
  }
  const auto is_left = [](const iovec& part) { return part.iov_len > 0; };
  while (std::any_of(parts.begin(), parts.end(), is_left)) {
    ssize_t sent = sendmsg(socket, &rest, MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) return failed("sendmsg", kName);
    rest.msg_control = nullptr;
    rest.msg_controllen = 0;
    for (iovec& part : parts) {
      const size_t taken = std::min(static_cast<size_t>(sent), part.iov_len);
      part.iov_base = static_cast<char*>(part.iov_base) + taken;
      part.iov_len -= taken;
      sent -= static_cast<ssize_t>(taken);
    }
  }
  return {};
}

// Receives bytes, and appends the descriptors that came with them.
Failure receive_all(int socket, void* bytes, size_t size, std::vector<UniqueFd>* descriptors) {
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int) * kMaxDescriptors)];
  for (iovec part{bytes, size}; part.iov_len > 0;) {
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    const ssize_t got = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return failed("recvmsg", kName);
    if (got == 0) return {EPIPE, "recvmsg", kName};
    part.iov_base = static_cast<char*>(part.iov_base) + got;
    part.iov_len -= static_cast<size_t>(got);
    for (cmsghdr* rights = CMSG_FIRSTHDR(&message); rights != nullptr; rights = CMSG_NXTHDR(&message, rights)) {
      if (rights->cmsg_level != SOL_SOCKET || rights->cmsg_type != SCM_RIGHTS) continue;
      const size_t count = (rights->cmsg_len - CMSG_LEN(0)) / sizeof(int);
      for (size_t i = 0; i < count; ++i) {
        int fd;
        std::memcpy(&fd, CMSG_DATA(rights) + i * sizeof fd, sizeof fd);
        descriptors->emplace_back(fd);
      }
    }
  }
  return {};
}

}  // namespace

Writer& Writer::text(std::string_view text) {
  put(static_cast<uint32_t>(text.size()));
  bytes_.insert(bytes_.end(), text.begin(), text.end());
  return *this;
}

Writer& Writer::texts(const std::vector<std::string>& texts) {
  put(static_cast<uint32_t>(texts.size()));
  for (const std::string& one : texts) text(one);
  return *this;
}

Writer& Writer::descriptor(int fd) {
  put(fd >= 0);
  if (fd >= 0) descriptors_.push_back(fd);
  return *this;
}

Writer& Writer::failure(const Failure& failure) { return put(failure.error).text(failure.call).text(failure.path); }

Writer& Writer::append(const Writer& other) {
  bytes_.insert(bytes_.end(), other.bytes_.begin(), other.bytes_.end());
  descriptors_.insert(descriptors_.end(), other.descriptors_.begin(), other.descriptors_.end());
  return *this;
}

const uint8_t* Reader::take(size_t size) {
  if (size > bytes_.size() - at_) {
    good_ = false;
    at_ = bytes_.size();
    return nullptr;
  }
  const uint8_t* const bytes = bytes_.data() + at_;
  at_ += size;
  return bytes;
}

std::string Reader::text() {
  const auto size = get<uint32_t>();
  const uint8_t* const bytes = take(size);
  return bytes == nullptr ? std::string() : std::string(reinterpret_cast<const char*>(bytes), size);
}

std::vector<std::string> Reader::texts() {
  std::vector<std::string> texts;
  for (auto left = get<uint32_t>(); left > 0 && good_; --left) texts.push_back(text());
  return texts;
}

UniqueFd Reader::descriptor() {
  if (!get<bool>()) return {};
  if (next_ == descriptors_.size()) {
    good_ = false;
    return {};
  }
  return std::move(descriptors_[next_++]);
}

Failure Reader::failure() {
  Failure failure;
  failure.error = get<int>();
  failure.call = lasting(text());
  failure.path = text();
  return failure;
}

Failure send_message(int socket, const Writer& message) {
  const size_t size = message.bytes().size();
  std::span<const int> left = message.descriptors();
  if (size > kMaxSize) return {EMSGSIZE, "sendmsg", kName};
  const auto next = [&left] {
    const auto taken = left.first(std::min(left.size(), kMaxDescriptors));
    left = left.subspan(taken.size());
    return taken;
  };
  Header header{static_cast<uint32_t>(size), static_cast<uint32_t>(left.size())};
  iovec parts[] = {{&header, sizeof header}, {const_cast<uint8_t*>(message.bytes().data()), size}};
  if (Failure failure = send_all(socket, parts, next())) return failure;
  while (!left.empty()) {
    uint8_t carrier = 0;
    iovec part[] = {{&carrier, 1}};
    // The message has begun. Without descriptors that the kernel refuses it is not whole, which the receiver notices.
    if (!send_all(socket, part, next())) continue;
    if (Failure failure = send_all(socket, part, {})) return failure;
  }
  return {};
}

Failure receive_message(int socket, Reader* message) {
  Header header{};
  std::vector<UniqueFd> descriptors;
  if (Failure failure = receive_all(socket, &header, sizeof header, &descriptors)) return failure;
  if (header.size > kMaxSize) return {EMSGSIZE, "recvmsg", kName};
  std::vector<uint8_t> bytes(header.size);
  if (Failure failure = receive_all(socket, bytes.data(), bytes.size(), &descriptors)) return failure;
  for (size_t carried = kMaxDescriptors; carried < header.descriptors; carried += kMaxDescriptors) {
    uint8_t carrier;
    if (Failure failure = receive_all(socket, &carrier, 1, &descriptors)) return failure;
  }
  // With too many open files the kernel cuts the list.
  const bool whole = header.descriptors == descriptors.size();
  *message = Reader(std::move(bytes), std::move(descriptors));
  return whole ? Failure{} : Failure{EMFILE, "recvmsg", kName};
}

}  // namespace orlop::launcher
