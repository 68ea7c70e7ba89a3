#include "archive/output.h"

#include "archive/limits.h"

namespace orlop::archive {

namespace {

// The default levels of gzip and zstd.
constexpr int kGzipLevel = 6;
constexpr int kZstdLevel = 3;

}  // namespace

Output::Output(int fd, Compression compression) : fd_(fd), compression_(compression), buffer_(new uint8_t[kBlock]) {
  if (compression == Compression::kGzip) {
    // zlib's gzip header has no name and no time, so equal trees give equal bytes.
    if (deflateInit2(&gzip_, kGzipLevel, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK) refuse("memory");
  } else if (compression == Compression::kZstd) {
    zstd_ = ZSTD_createCCtx();
    if (zstd_ == nullptr) refuse("memory");
    ZSTD_CCtx_setParameter(zstd_, ZSTD_c_compressionLevel, kZstdLevel);
    ZSTD_CCtx_setParameter(zstd_, ZSTD_c_checksumFlag, 1);
  }
}

void Output::write(const void* data, size_t size) {
  if (compression_ != Compression::kNone) plain_hash_.update(data, size);
  switch (compression_) {
    case Compression::kGzip:
      return deflate_all(data, size, Z_NO_FLUSH);
    case Compression::kZstd:
      return compress_all(data, size, ZSTD_e_continue);
    case Compression::kNone:
      return emit(data, size);
  }
}

Sums Output::finish() {
  if (compression_ == Compression::kGzip) deflate_all(nullptr, 0, Z_FINISH);
  if (compression_ == Compression::kZstd) compress_all(nullptr, 0, ZSTD_e_end);
  return sums_of(raw_hash_, compression_ == Compression::kNone ? nullptr : &plain_hash_);
}

void Output::deflate_all(const void* data, size_t size, int flush) {
  gzip_.next_in = static_cast<Bytef*>(const_cast<void*>(data));
  gzip_.avail_in = static_cast<uInt>(size);
  do {
    gzip_.next_out = buffer_.get();
    gzip_.avail_out = kBlock;
    deflate(&gzip_, flush);
    emit(buffer_.get(), kBlock - gzip_.avail_out);
  } while (gzip_.avail_out == 0);
}

void Output::compress_all(const void* data, size_t size, ZSTD_EndDirective directive) {
  ZSTD_inBuffer input{data, size, 0};
  size_t left = 0;
  do {
    ZSTD_outBuffer output{buffer_.get(), kBlock, 0};
    left = ZSTD_compressStream2(zstd_, &output, &input, directive);
    if (ZSTD_isError(left)) refuse("memory", ZSTD_getErrorName(left));
    emit(buffer_.get(), output.pos);
  } while (input.pos < input.size || (directive == ZSTD_e_end && left > 0));
}

void Output::emit(const void* data, size_t size) {
  if (size == 0) return;
  raw_hash_.update(data, size);
  write_all(fd_, data, size);
  report_progress(raw_hash_.size());
}

}  // namespace orlop::archive
