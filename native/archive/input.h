// The archive as a stream of plain bytes: reads, copies, hashes, decompresses, and hashes the plain bytes.
#pragma once

#include <zlib.h>
#include <zstd.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "archive/digest.h"
#include "archive/limits.h"
#include "archive/report.h"

namespace orlop::archive {

class Input {
 public:
  struct Options {
    int fd = 0;
    int copy_fd = -1;  // gets a copy of the compressed bytes; -1: no copy
    uint64_t max_size = kMaxSize;
    uint64_t max_ratio = kMaxRatio;
  };

  explicit Input(const Options& options);

  // The next plain bytes, valid until the call after the next; empty at the end.
  std::span<const uint8_t> next();
  bool ended() const { return ended_; }
  uint64_t raw_size() const { return raw_hash_.size(); }

  // The plain bytes [from, to). They must be among the last kWindow - kBlock bytes that `next` returned.
  std::string window(uint64_t from, uint64_t to) const;

  Sums sums();

 private:
  enum class Kind { kUnknown, kPlain, kGzip, kZstd };
  static constexpr size_t kWindow = 4u << 20;
  static_assert(kWindow % kBlock == 0 && kWindow > 2 * kMaxHeader);

  void detect();
  bool refill();
  size_t read_raw(uint8_t* to, size_t room);
  size_t copy_plain(uint8_t* out, size_t room);
  size_t inflate_some(uint8_t* out, size_t room);
  size_t decompress_some(uint8_t* out, size_t room);
  bool begin_member();
  void check_limits() const;

  Options options_;
  Kind kind_ = Kind::kUnknown;
  std::unique_ptr<uint8_t[]> ring_;
  std::unique_ptr<uint8_t[]> raw_;
  size_t raw_at_ = 0;
  size_t raw_end_ = 0;
  bool raw_ended_ = false;
  bool ended_ = false;
  bool open_ = false;     // inside a gzip member or a zstd frame
  bool padding_ = false;  // zeros were seen after a gzip member: nothing else may follow
  uint64_t given_ = 0;
  z_stream gzip_{};
  ZSTD_DStream* zstd_ = nullptr;
  Sha256 raw_hash_;
  Sha256 plain_hash_;  // only for compressed archives
};

}  // namespace orlop::archive
