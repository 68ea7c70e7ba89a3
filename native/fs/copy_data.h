// The content of one regular file.
#pragma once

#include <string>
#include <vector>

#include "base/failure.h"

namespace orlop::fs {

class DataCopy {
 public:
  // Copies at most `size` bytes (a file that grows meanwhile ends there), holes as holes, shared blocks if the file
  // system can. `to` is empty.
  Failure run(int from, int to, int64_t size, const std::string& path);

 private:
  Failure range(int from, int to, int64_t start, int64_t end, const std::string& path, bool* ended);
  Failure range_by_hand(int from, int to, int64_t start, int64_t end, const std::string& path, bool* ended);

  // Cleared after the first refusal, which would repeat for each file.
  bool clone_ = true;
  bool copy_in_kernel_ = true;
  std::vector<char> buffer_;
};

}  // namespace orlop::fs
