// Text in fixed buffers.
#pragma once

#include <cstddef>
#include <cstdint>

namespace orlop::init {

inline size_t length_of(const char* text) {
  size_t length = 0;
  while (text[length] != 0) length++;
  return length;
}

inline bool same_text(const char* a, const char* b) {
  while (*a != 0 && *a == *b) a++, b++;
  return *a == *b;
}

inline bool starts_with(const char* text, const char* start) {
  while (*start != 0 && *text == *start) text++, start++;
  return *start == 0;
}

// Text in a buffer. Text that does not fit makes it `full`, and a full text is never used.
template <size_t kSize>
class Text {
 public:
  const char* get() const { return data_; }
  char* data() { return data_; }
  size_t length() const { return length_; }
  bool full() const { return full_; }
  void truncate(size_t length) {
    length_ = length;
    data_[length] = 0;
  }

  Text& add(char letter) {
    if (length_ + 1 >= kSize) {
      full_ = true;
      return *this;
    }
    data_[length_++] = letter;
    data_[length_] = 0;
    return *this;
  }

  Text& add(const char* text) {
    while (*text != 0 && !full_) add(*text++);
    return *this;
  }

  Text& add(const char* text, size_t length) {
    for (size_t i = 0; i < length && !full_; i++) add(text[i]);
    return *this;
  }

  Text& add_number(uint64_t number, uint32_t base = 10) {
    char digits[24];
    uint32_t count = 0;
    do {
      digits[count++] = static_cast<char>('0' + number % base);
      number /= base;
    } while (number != 0);
    while (count > 0) add(digits[--count]);
    return *this;
  }

 private:
  size_t length_ = 0;
  bool full_ = false;
  char data_[kSize];

 public:
  Text() { data_[0] = 0; }
};

// Path of a descriptor, for calls that take only paths. It leads to the open file itself, also after a rename.
class FdPath {
 public:
  explicit FdPath(int fd) { text_.add("/proc/self/fd/").add_number(static_cast<uint64_t>(fd)); }
  const char* get() const { return text_.get(); }

 private:
  Text<32> text_;
};

}  // namespace orlop::init
