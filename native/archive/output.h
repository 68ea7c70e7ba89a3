// The archive that is packed: hashes the plain bytes, compresses, hashes again, and writes.
#pragma once

#include <zlib.h>
#include <zstd.h>

#include <memory>

#include "archive/digest.h"
#include "archive/report.h"

namespace orlop::archive {

enum class Compression { kNone, kGzip, kZstd };

class Output {
 public:
  Output(int fd, Compression compression);

  void write(const void* data, size_t size);
  uint64_t plain_size() const { return (compression_ == Compression::kNone ? raw_hash_ : plain_hash_).size(); }
  // Flushes the compressor. The last call.
  Sums finish();

 private:
  void deflate_all(const void* data, size_t size, int flush);
  void compress_all(const void* data, size_t size, ZSTD_EndDirective directive);
  void emit(const void* data, size_t size);

  int fd_;
  Compression compression_;
  std::unique_ptr<uint8_t[]> buffer_;
  z_stream gzip_{};
  ZSTD_CCtx* zstd_ = nullptr;
  Sha256 raw_hash_;
  Sha256 plain_hash_;  // only for compressed archives
};

}  // namespace orlop::archive
