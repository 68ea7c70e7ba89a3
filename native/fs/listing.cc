#include "fs/listing.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <cstddef>
#include <cstring>
#include <memory>

namespace orlop::fs {
namespace {

// An entry of getdents64(2).
struct Record {
  uint64_t inode;
  int64_t offset;
  uint16_t size;
  uint8_t type;
  char name[1];
};
constexpr size_t kBufferSize = 64 * 1024;

bool is_self_or_parent(const char* name) { return strcmp(name, ".") == 0 || strcmp(name, "..") == 0; }

}  // namespace

Failure Listing::read(int directory, const std::string& path) {
  packed_.clear();
  position_ = 0;
  if (lseek(directory, 0, SEEK_SET) != 0) return failed("lseek", path);
  auto buffer = std::make_unique_for_overwrite<char[]>(kBufferSize);
  while (true) {
    long size = syscall(SYS_getdents64, directory, buffer.get(), kBufferSize);
    if (size < 0 && errno == ENOENT) return {};  // the directory itself was removed
    if (size < 0) return failed("getdents64", path);
    if (size == 0) return {};
    for (long at = 0; at < size;) {
      const char* record = buffer.get() + at;
      uint16_t length;
      memcpy(&length, record + offsetof(Record, size), sizeof(length));
      const char* name = record + offsetof(Record, name);
      if (!is_self_or_parent(name)) {
        packed_ += record[offsetof(Record, type)];
        packed_.append(name, strlen(name) + 1);
      }
      at += length;
    }
  }
}

bool Listing::next(Entry* entry) {
  if (position_ >= packed_.size()) return false;
  entry->type = static_cast<uint8_t>(packed_[position_]);
  entry->name = packed_.data() + position_ + 1;
  position_ += 1 + strlen(entry->name) + 1;
  return true;
}

}  // namespace orlop::fs
