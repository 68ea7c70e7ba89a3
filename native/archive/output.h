// The archive being made: hashes the plain bytes, compresses, hashes again, writes.
#pragma once

#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include <memory>

#include "archive/digest.h"
#include "archive/report.h"

namespace orlop::archive {

enum class Compression { kNone, kGzip, kZstd };

class Output {
 public:
  struct Options {
    int fd = STDOUT_FILENO;
    int growth_fd = -1;  // a pipe that gets a byte whenever the archive has grown; -1: nobody waits for it
    Compression compression = Compression::kNone;
  };
  explicit Output(const Options& options);

  void write(const void* data, size_t size);
  // Flushes the compressor. The last call.
  Sums finish();

 private:
  void deflate_all(const void* data, size_t size, int flush);
  void compress_all(const void* data, size_t size, ZSTD_EndDirective directive);
  void emit(const void* data, size_t size);

  Options options_;
  std::unique_ptr<uint8_t[]> buffer_;
  z_stream gzip_{};
  ZSTD_CCtx* zstd_ = nullptr;
  Sha256 raw_hash_;
  Sha256 plain_hash_;  // only where the bytes are others
};

}  // namespace orlop::archive
