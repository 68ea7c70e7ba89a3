// Messages between the caller and orlop-launcher: bytes with descriptors, over a stream socket. Both ends are of one
// version, on one machine, so numbers are as in memory. Each end trusts the other with its own privileges: the launcher
// has no more than its caller, and only its caller has the socket.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "base/failure.h"
#include "base/unique_fd.h"

namespace orlop::launcher {

class Writer {
 public:
  template <typename Value>
  Writer& put(const Value& value) {
    static_assert(std::is_trivially_copyable_v<Value>);
    const auto* bytes = reinterpret_cast<const uint8_t*>(&value);
    bytes_.insert(bytes_.end(), bytes, bytes + sizeof value);
    return *this;
  }
  Writer& text(std::string_view text);
  Writer& texts(const std::vector<std::string>& texts);
  // Values of a type without pointers.
  template <typename Value>
  Writer& list(const std::vector<Value>& values) {
    static_assert(std::is_trivially_copyable_v<Value>);
    return text({reinterpret_cast<const char*>(values.data()), values.size() * sizeof(Value)});
  }
  // Nothing to send for a negative number. Stays the caller's.
  Writer& descriptor(int fd);
  Writer& failure(const Failure& failure);
  // Appends another message.
  Writer& append(const Writer& other);

  const std::vector<uint8_t>& bytes() const { return bytes_; }
  const std::vector<int>& descriptors() const { return descriptors_; }

 private:
  std::vector<uint8_t> bytes_;
  std::vector<int> descriptors_;
};

// Reads what a Writer has written, in its order. After the end it gives zeros, and is not good.
class Reader {
 public:
  Reader() = default;
  Reader(std::vector<uint8_t> bytes, std::vector<UniqueFd> descriptors)
      : bytes_(std::move(bytes)), descriptors_(std::move(descriptors)) {}

  template <typename Value>
  Value get() {
    static_assert(std::is_trivially_copyable_v<Value>);
    Value value{};
    if (const uint8_t* bytes = take(sizeof value)) std::memcpy(&value, bytes, sizeof value);
    return value;
  }
  std::string text();
  std::vector<std::string> texts();
  template <typename Value>
  std::vector<Value> list() {
    const std::string bytes = text();
    std::vector<Value> values(bytes.size() / sizeof(Value));
    std::memcpy(values.data(), bytes.data(), values.size() * sizeof(Value));
    return values;
  }
  UniqueFd descriptor();
  Failure failure();

  bool good() const { return good_; }

 private:
  const uint8_t* take(size_t size);

  std::vector<uint8_t> bytes_;
  std::vector<UniqueFd> descriptors_;
  size_t at_ = 0, next_ = 0;
  bool good_ = true;
};

// Both block. A closed other end is EPIPE. After EMFILE, the message is whole but for descriptors.
Failure send_message(int socket, const Writer& message);
Failure receive_message(int socket, Reader* message);

}  // namespace orlop::launcher
