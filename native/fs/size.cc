#include "fs/size.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <set>
#include <utility>
#include <vector>

#include "fs/calls.h"
#include "fs/directory_stack.h"
#include "fs/listing.h"

namespace orlop::fs {
namespace {

class Measurement {
 public:
  explicit Measurement(TreeSize* size) : size_(size) {}

  Failure run(int directory) {
    if (Failure failure = stack_.start(directory); failure) return failure;
    if (Failure failure = list(); failure) return failure;
    while (true) {
      Entry entry;
      Failure failure;
      if (listings_.back().next(&entry)) {
        failure = count(entry.name);
      } else {
        listings_.pop_back();
        failure = stack_.pop();
        if (stack_.depth() == 0) return failure;
      }
      if (failure) return failure;
    }
  }

 private:
  Failure list() {
    listings_.emplace_back();
    return listings_.back().read(stack_.fd(), stack_.path());
  }

  Failure count(const char* name) {
    struct stat info{};
    if (fstatat(stack_.fd(), name, &info, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT) != 0) {
      return errno == ENOENT ? Failure{} : failed("fstatat", stack_.path_of(name));
    }
    if (S_ISDIR(info.st_mode)) return enter(name);
    if (info.st_nlink > 1 && !seen_.emplace(info.st_dev, info.st_ino).second) return {};
    size_->entries++;
    size_->bytes += static_cast<uint64_t>(info.st_size);
    return {};
  }

  Failure enter(const char* name) {
    UniqueFd child = open_entry(stack_.fd(), name, O_RDONLY | O_DIRECTORY);
    if (!child) {
      bool left_out = errno == EXDEV || errno == ENOENT || errno == ENOTDIR || errno == ELOOP;
      return left_out ? Failure{} : failed("openat2", stack_.path_of(name));
    }
    size_->entries++;
    if (Failure failure = stack_.push(std::move(child), name); failure) return failure;
    return list();
  }

  TreeSize* size_;
  DirectoryStack stack_;
  std::vector<Listing> listings_;
  std::set<std::pair<dev_t, ino_t>> seen_;
};

}  // namespace

Failure tree_size(int directory, TreeSize* size) { return Measurement(size).run(directory); }

}  // namespace orlop::fs
