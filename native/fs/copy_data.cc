#include "fs/copy_data.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>

namespace orlop::fs {
namespace {

constexpr size_t kBufferSize = 1 << 18;

// The next stretch of data at or after `at`, within `size`. False when only a hole is left.
bool next_data(int from, int64_t at, int64_t size, int64_t* start, int64_t* end) {
  *start = lseek(from, at, SEEK_DATA);
  if (*start < 0) {
    if (errno == ENXIO) return false;
    *start = at;  // a file system that does not know its holes
    *end = size;
    return true;
  }
  *end = lseek(from, *start, SEEK_HOLE);
  if (*end < 0 || *end > size) *end = size;
  return *start < size;
}

}  // namespace

Failure DataCopy::run(int from, int to, int64_t size, const std::string& path) {
  if (size == 0) return {};
  if (clone_) {
    if (ioctl(to, FICLONE, from) == 0) return {};
    clone_ = false;
  }
  if (ftruncate(to, size) != 0) return failed("ftruncate", path);
  int64_t start = 0;
  int64_t end = 0;
  bool ended = false;
  for (int64_t at = 0; at < size && !ended && next_data(from, at, size, &start, &end); at = end) {
    if (Failure failure = range(from, to, start, end, path, &ended); failure) return failure;
  }
  return {};
}

Failure DataCopy::range(int from, int to, int64_t start, int64_t end, const std::string& path, bool* ended) {
  while (copy_in_kernel_ && start < end) {
    off_t in = start;
    off_t out = start;
    ssize_t size = copy_file_range(from, &in, to, &out, static_cast<size_t>(end - start), 0);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0 && errno != EXDEV && errno != EINVAL && errno != ENOSYS && errno != EOPNOTSUPP && errno != EPERM) {
      return failed("copy_file_range", path);
    }
    if (size < 0) copy_in_kernel_ = false;
    if (size == 0) break;  // the end of the file, or a file system that only says so: reading tells
    if (size > 0) start += size;
  }
  return range_by_hand(from, to, start, end, path, ended);
}

Failure DataCopy::range_by_hand(int from, int to, int64_t start, int64_t end, const std::string& path, bool* ended) {
  if (start < end) buffer_.resize(kBufferSize);
  while (start < end) {
    size_t wanted = static_cast<size_t>(std::min<int64_t>(end - start, static_cast<int64_t>(buffer_.size())));
    ssize_t size = pread(from, buffer_.data(), wanted, start);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return failed("read", path);
    if (size == 0) {  // cut short by its owner meanwhile: the copy ends there too
      *ended = true;
      return ftruncate(to, start) == 0 ? Failure{} : failed("ftruncate", path);
    }
    for (ssize_t done = 0; done < size;) {
      ssize_t written = pwrite(to, buffer_.data() + done, static_cast<size_t>(size - done), start + done);
      if (written < 0 && errno != EINTR) return failed("write", path);
      if (written > 0) done += written;
    }
    start += size;
  }
  return {};
}

}  // namespace orlop::fs
