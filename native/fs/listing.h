// The names in a directory, read at once: later changes of the directory do not disturb the reading.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/failure.h"

namespace orlop::fs {

struct Entry {
  const char* name;
  uint8_t type;  // DT_* of readdir(3); DT_UNKNOWN on some file systems; only a hint, since the entry may change
};

class Listing {
 public:
  // Everything but "." and "..". The position of `directory` is moved.
  Failure read(int directory, const std::string& path);
  // False at the end.
  bool next(Entry* entry);

 private:
  std::string packed_;  // for each entry: type, name, NUL
  size_t position_ = 0;
};

}  // namespace orlop::fs
