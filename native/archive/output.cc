#include "archive/output.h"

#include "archive/limits.h"

namespace orlop::archive {

namespace {

// Levels that the tools themselves take: the same bytes every time matter more here than the last per cent.
constexpr int kGzipLevel = 6;
constexpr int kZstdLevel = 3;

}  // namespace

Output::Output(const Options& options) : options_(options), buffer_(new uint8_t[kBlock]) {
  if (options.compression == Compression::kGzip) {
    // zlib's gzip header has no name and no time, so equal trees give equal bytes.
    if (deflateInit2(&gzip_, kGzipLevel, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK) refuse("memory");
  } else if (options.compression == Compression::kZstd) {
    zstd_ = ZSTD_createCCtx();
    if (zstd_ == nullptr) refuse("memory");
    ZSTD_CCtx_setParameter(zstd_, ZSTD_c_compressionLevel, kZstdLevel);
    ZSTD_CCtx_setParameter(zstd_, ZSTD_c_checksumFlag, 1);
  }
}

void Output::write(const void* data, size_t size) {
  if (options_.compression != Compression::kNone) plain_hash_.update(data, size);
  switch (options_.compression) {
    case Compression::kGzip:
      return deflate_all(data, size, Z_NO_FLUSH);
    case Compression::kZstd:
      return compress_all(data, size, ZSTD_e_continue);
    case Compression::kNone:
      return emit(data, size);
  }
}

Sums Output::finish() {
  if (options_.compression == Compression::kGzip) deflate_all(nullptr, 0, Z_FINISH);
  if (options_.compression == Compression::kZstd) compress_all(nullptr, 0, ZSTD_e_end);
  return sums_of(raw_hash_, options_.compression == Compression::kNone ? nullptr : &plain_hash_);
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
  write_all(options_.fd, data, size);
  // Full: the reader has not looked yet. Closed: it has ended, and says why.
  if (options_.growth_fd >= 0) (void)!::write(options_.growth_fd, "", 1);
}

}  // namespace orlop::archive
