#include "launcher/wire.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <mutex>
#include <set>
#include <utility>

namespace orlop::launcher {
namespace {

// Of one message, SCM_MAX_FD of the kernel.
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

Failure closed(const char* call) { return {EPIPE, call, kName}; }

// Sends all bytes, the descriptors with the first.
Failure send_all(int socket, const Header& header, const Writer& message) {
  iovec parts[] = {{const_cast<Header*>(&header), sizeof header},
                   {const_cast<uint8_t*>(message.bytes().data()), message.bytes().size()}};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int) * kMaxDescriptors)] = {};
  msghdr rest{};
  rest.msg_iov = parts;
  rest.msg_iovlen = 2;
  if (header.descriptors > 0) {
    rest.msg_control = control;
    rest.msg_controllen = CMSG_SPACE(sizeof(int) * header.descriptors);
    cmsghdr* const rights = CMSG_FIRSTHDR(&rest);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(sizeof(int) * header.descriptors);
    std::memcpy(CMSG_DATA(rights), message.descriptors().data(), sizeof(int) * header.descriptors);
  }
  while (parts[0].iov_len + parts[1].iov_len > 0) {
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

Failure receive_bytes(int socket, uint8_t* bytes, size_t size) {
  while (size > 0) {
    const ssize_t got = recv(socket, bytes, size, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return failed("recv", kName);
    if (got == 0) return closed("recv");
    bytes += got;
    size -= static_cast<size_t>(got);
  }
  return {};
}

// Receives the header, and the descriptors that came with its first byte.
Failure receive_header(int socket, Header* header, std::vector<UniqueFd>* descriptors) {
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int) * kMaxDescriptors)];
  iovec part{header, sizeof *header};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  ssize_t got;
  do {
    got = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
  } while (got < 0 && errno == EINTR);
  if (got < 0) return failed("recvmsg", kName);
  if (got == 0) return closed("recvmsg");
  for (cmsghdr* rights = CMSG_FIRSTHDR(&message); rights != nullptr; rights = CMSG_NXTHDR(&message, rights)) {
    if (rights->cmsg_level != SOL_SOCKET || rights->cmsg_type != SCM_RIGHTS) continue;
    const size_t count = (rights->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t i = 0; i < count; ++i) {
      int fd;
      std::memcpy(&fd, CMSG_DATA(rights) + i * sizeof fd, sizeof fd);
      descriptors->emplace_back(fd);
    }
  }
  const auto size = static_cast<size_t>(got);
  if (Failure failure = receive_bytes(socket, reinterpret_cast<uint8_t*>(header) + size, sizeof *header - size)) {
    return failure;
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
  const size_t size = message.bytes().size(), descriptors = message.descriptors().size();
  if (size > kMaxSize || descriptors > kMaxDescriptors) return {EMSGSIZE, "sendmsg", kName};
  return send_all(socket, {static_cast<uint32_t>(size), static_cast<uint32_t>(descriptors)}, message);
}

Failure receive_message(int socket, Reader* message) {
  Header header{};
  std::vector<UniqueFd> descriptors;
  if (Failure failure = receive_header(socket, &header, &descriptors)) return failure;
  if (header.size > kMaxSize) return {EMSGSIZE, "recv", kName};
  std::vector<uint8_t> bytes(header.size);
  if (Failure failure = receive_bytes(socket, bytes.data(), bytes.size())) return failure;
  // With too many open files the kernel cuts the list.
  const bool whole = header.descriptors == descriptors.size();
  *message = Reader(std::move(bytes), std::move(descriptors));
  return whole ? Failure{} : Failure{EMFILE, "recvmsg", kName};
}

}  // namespace orlop::launcher
