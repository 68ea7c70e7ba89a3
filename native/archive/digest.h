// SHA-256 (nettle), as hex at the end.
#pragma once

#include <nettle/sha2.h>

#include <cstdint>
#include <string>

#include "archive/report.h"

namespace orlop::archive {

class Sha256 {
 public:
  Sha256() { sha256_init(&context_); }

  void update(const void* data, size_t size) {
    sha256_update(&context_, size, static_cast<const uint8_t*>(data));
    size_ += size;
  }

  uint64_t size() const { return size_; }

  std::string hex() {
    uint8_t bytes[SHA256_DIGEST_SIZE];
    sha256_digest(&context_, sizeof bytes, bytes);
    static const char digits[] = "0123456789abcdef";
    std::string out;
    for (uint8_t byte : bytes) {
      out.push_back(digits[byte >> 4]);
      out.push_back(digits[byte & 15]);
    }
    return out;
  }

 private:
  sha256_ctx context_;
  uint64_t size_ = 0;
};

// `plain` is null if the archive is not compressed: both digests are the same, and hashing takes most of the time.
inline Sums sums_of(Sha256& raw, Sha256* plain) {
  Sums sums;
  sums.size = raw.size();
  sums.digest = raw.hex();
  sums.uncompressed_size = plain == nullptr ? sums.size : plain->size();
  sums.diff_id = plain == nullptr ? sums.digest : plain->hex();
  return sums;
}

}  // namespace orlop::archive
