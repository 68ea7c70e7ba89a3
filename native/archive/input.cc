#include "archive/input.h"

#include <string.h>

#include <algorithm>

namespace orlop::archive {

namespace {

constexpr uint8_t kGzipMagic[] = {0x1f, 0x8b};
constexpr uint8_t kZstdMagic[] = {0x28, 0xb5, 0x2f, 0xfd};
constexpr uint8_t kZstdSkippable[] = {0x2a, 0x4d, 0x18};  // after one byte 0x50 … 0x5f
constexpr uint8_t kXzMagic[] = {0xfd, '7', 'z', 'X', 'Z', 0};
constexpr uint8_t kBzip2Magic[] = {'B', 'Z', 'h'};

template <size_t kSize>
bool starts(const uint8_t* data, size_t size, const uint8_t (&magic)[kSize]) {
  return size >= kSize && memcmp(data, magic, kSize) == 0;
}

}  // namespace

Input::Input(const Options& options) : options_(options), ring_(new uint8_t[kWindow]), raw_(new uint8_t[kBlock]) {}

std::span<const uint8_t> Input::next() {
  if (ended_) return {};
  if (kind_ == Kind::kUnknown) detect();
  uint8_t* out = ring_.get() + given_ % kWindow;
  // A block ends at the end of the ring, so that it does not wrap.
  size_t room = std::min(kBlock, kWindow - given_ % kWindow);
  size_t size = 0;
  switch (kind_) {
    case Kind::kGzip:
      size = inflate_some(out, room);
      break;
    case Kind::kZstd:
      size = decompress_some(out, room);
      break;
    default:
      size = copy_plain(out, room);
  }
  if (size == 0) ended_ = true;
  if (kind_ != Kind::kPlain) plain_hash_.update(out, size);
  given_ += size;
  check_limits();
  return {out, size};
}

// The first bytes tell the compression. A pipe may return them one at a time.
void Input::detect() {
  while (raw_end_ < sizeof kXzMagic && !raw_ended_) refill();
  const uint8_t* head = raw_.get();
  if (starts(head, raw_end_, kXzMagic)) refuse("compression", "xz");
  if (starts(head, raw_end_, kBzip2Magic)) refuse("compression", "bzip2");
  bool skippable = raw_end_ > 4 && (head[0] & 0xf0) == 0x50 && starts(head + 1, raw_end_ - 1, kZstdSkippable);
  if (starts(head, raw_end_, kGzipMagic)) {
    kind_ = Kind::kGzip;
    if (inflateInit2(&gzip_, 15 + 16) != Z_OK) refuse("memory");
    open_ = true;
  } else if (skippable || starts(head, raw_end_, kZstdMagic)) {
    kind_ = Kind::kZstd;
    zstd_ = ZSTD_createDStream();
    if (zstd_ == nullptr) refuse("memory");
  } else {
    kind_ = Kind::kPlain;
  }
}

// Reads into the raw buffer, behind its unused bytes. False at the end.
bool Input::refill() {
  if (raw_at_ == raw_end_) raw_at_ = raw_end_ = 0;
  size_t n = read_raw(raw_.get() + raw_end_, kBlock - raw_end_);
  raw_end_ += n;
  return n > 0;
}

size_t Input::read_raw(uint8_t* to, size_t room) {
  size_t n = read_some(options_.fd, to, room);
  if (n == 0) raw_ended_ = true;
  raw_hash_.update(to, n);
  if (options_.copy_fd >= 0) write_all(options_.copy_fd, to, n);
  report_progress(raw_hash_.size());
  return n;
}

// Returns the bytes that the detection has read, then reads directly.
size_t Input::copy_plain(uint8_t* out, size_t room) {
  if (raw_at_ == raw_end_) return raw_ended_ ? 0 : read_raw(out, room);
  size_t size = std::min(room, raw_end_ - raw_at_);
  memcpy(out, raw_.get() + raw_at_, size);
  raw_at_ += size;
  return size;
}

// Between members: zeros up to the end are padding (as on tapes). Otherwise another member must follow.
bool Input::begin_member() {
  for (;;) {
    while (raw_at_ < raw_end_ && raw_[raw_at_] == 0) {
      padding_ = true;
      raw_at_++;
    }
    if (raw_at_ < raw_end_) break;
    if (raw_ended_ || !refill()) return false;
  }
  if (padding_ || raw_[raw_at_] != kGzipMagic[0]) refuse("trailing");
  inflateReset(&gzip_);
  open_ = true;
  return true;
}

size_t Input::inflate_some(uint8_t* out, size_t room) {
  gzip_.next_out = out;
  gzip_.avail_out = static_cast<uInt>(room);
  while (gzip_.avail_out > 0) {
    if (!open_ && !begin_member()) break;
    if (raw_at_ == raw_end_ && !raw_ended_) refill();
    uInt before = gzip_.avail_out;
    gzip_.next_in = raw_.get() + raw_at_;
    gzip_.avail_in = static_cast<uInt>(raw_end_ - raw_at_);
    int result = inflate(&gzip_, Z_NO_FLUSH);
    raw_at_ = raw_end_ - gzip_.avail_in;
    if (result == Z_STREAM_END) {
      open_ = false;
      continue;
    }
    if (result == Z_MEM_ERROR) refuse("memory");
    if (result != Z_OK && result != Z_BUF_ERROR) refuse("damaged", gzip_.msg == nullptr ? "gzip" : gzip_.msg);
    if (raw_ended_ && raw_at_ == raw_end_ && gzip_.avail_out == before) refuse("truncated");
  }
  return room - gzip_.avail_out;
}

size_t Input::decompress_some(uint8_t* out, size_t room) {
  ZSTD_outBuffer output{out, room, 0};
  while (output.pos < room) {
    if (raw_at_ == raw_end_ && !raw_ended_) refill();
    if (raw_at_ == raw_end_ && raw_ended_ && !open_) break;
    size_t before = output.pos;
    ZSTD_inBuffer input{raw_.get(), raw_end_, raw_at_};
    size_t result = ZSTD_decompressStream(zstd_, &output, &input);
    if (ZSTD_isError(result)) refuse("damaged", ZSTD_getErrorName(result));
    raw_at_ = input.pos;
    open_ = result != 0;
    if (open_ && raw_ended_ && raw_at_ == raw_end_ && output.pos == before) refuse("truncated");
  }
  return output.pos;
}

void Input::check_limits() const {
  if (given_ > options_.max_size) refuse("too-large", std::to_string(options_.max_size));
  if (given_ > kRatioFrom && given_ / options_.max_ratio > raw_hash_.size()) {
    refuse("ratio", std::to_string(options_.max_ratio));
  }
}

std::string Input::window(uint64_t from, uint64_t to) const {
  std::string bytes;
  bytes.reserve(to - from);
  while (from < to) {
    size_t at = from % kWindow;
    size_t size = std::min<uint64_t>(to - from, kWindow - at);
    bytes.append(reinterpret_cast<const char*>(ring_.get()) + at, size);
    from += size;
  }
  return bytes;
}

Sums Input::sums() { return sums_of(raw_hash_, kind_ == Kind::kPlain ? nullptr : &plain_hash_); }

}  // namespace orlop::archive
