// The path from the top of a directory tree to the current directory of a walk. Depth costs no stack and few
// descriptors: only the last ones stay open, the others are found again through `..`, and recognised.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/failure.h"
#include "base/unique_fd.h"

namespace orlop::fs {

class DirectoryStack {
 public:
  // Descriptors that stay open. Four walks at once (the threads of libuv's pool), two stacks each, stay below the usual
  // soft limit of 1024.
  static constexpr size_t kOpen = 96;

  // Begins at the directory of a descriptor.
  void start(UniqueFd top);
  Failure start(int directory);
  // Enters a directory that the caller has opened.
  Failure push(UniqueFd directory, const char* name);
  // Returns to the parent; ESTALE if the directory was moved meanwhile. Also leaves the top (depth 0).
  Failure pop();

  int fd() const { return levels_.back().fd.get(); }
  size_t depth() const { return levels_.size(); }
  // Path of the directory, "" for the top, and of an entry of it: "/a/b".
  const std::string& path() const { return path_; }
  std::string path_of(const char* name) const { return path_ + "/" + name; }
  // Name of the directory in the one above.
  std::string name() const { return path_.substr(levels_.back().parent_path + 1); }

 private:
  // Inode numbers are reused; a time of birth is not (if the file system keeps one).
  struct Identity {
    uint64_t device = 0;
    uint64_t inode = 0;
    int64_t born = 0;
    uint32_t born_ns = 0;
    bool operator==(const Identity&) const = default;
  };
  struct Level {
    UniqueFd fd;         // closed when too many below it are open
    size_t parent_path;  // length of the path of the one above
    Identity identity;   // set when closed
  };

  static bool identify(int fd, Identity* identity);

  std::vector<Level> levels_;
  std::string path_;
};

}  // namespace orlop::fs
