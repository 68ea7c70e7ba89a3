#include "fs/diff.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <set>

#include "fs/calls.h"
#include "fs/directory_stack.h"
#include "fs/listing.h"
#include "fs/xattrs.h"

namespace orlop::fs {
namespace {

bool is_gone() { return errno == ENOENT || errno == ENOTDIR; }

class Difference {
 public:
  Difference(Marks marks, std::vector<LayerChange>* changes) : marks_(marks), changes_(changes) {}

  Failure run(int upper, int view) {
    if (Failure failure = upper_.start(upper); failure) return failure;
    if (Failure failure = view_.start(view); failure) return failure;
    if (Failure failure = enter(true, false); failure) return failure;
    while (!levels_.empty()) {
      Entry entry;
      Failure failure = levels_.back().content.next(&entry) ? compare(entry.name) : leave();
      if (failure) return failure;
    }
    std::sort(changes_->begin(), changes_->end(),
              [](const LayerChange& a, const LayerChange& b) { return a.path < b.path; });
    return {};
  }

 private:
  struct Level {
    Listing content;
    bool below;      // the view has this directory too, and view_ stands in it
    bool opaque;     // nothing of the view shows through
    bool marks;      // whiteouts may be files with a mark ("x"), as in a layer that was made on top of an overlay
    size_t changes;  // number of changes when the directory was entered
    std::set<std::string> names;  // of an opaque directory: what is there
  };

  void add(char kind, const char* name) { changes_->push_back({kind, upper_.path_of(name)}); }

  Failure enter(bool below, bool opaque_parent) {
    std::string mark;
    if (Failure failure = read_opaque_mark(upper_.fd(), upper_.path(), marks_, &mark); failure) return failure;
    // Entries of an opaque directory are not merged with the view either, and have no mark of their own.
    levels_.push_back({.below = below, .opaque = opaque_parent || mark == "y", .marks = mark == "x"});
    levels_.back().changes = changes_->size();
    return levels_.back().content.read(upper_.fd(), upper_.path());
  }

  Failure compare(const char* name) {
    Level& level = levels_.back();
    struct stat info{};
    if (fstatat(upper_.fd(), name, &info, AT_SYMLINK_NOFOLLOW) != 0) {
      return errno == ENOENT ? Failure{} : failed("fstatat", upper_.path_of(name));
    }
    struct stat before{};
    bool existed = level.below && fstatat(view_.fd(), name, &before, AT_SYMLINK_NOFOLLOW) == 0;
    if (level.below && !existed && !is_gone()) return failed("fstatat", upper_.path_of(name));
    bool whiteout = false;
    if (Failure failure = is_whiteout(info, name, &whiteout); failure) return failure;
    if (whiteout) {
      if (existed && !level.opaque) add('D', name);  // in an opaque directory, deletions are found on leaving
      return {};
    }
    if (level.opaque) level.names.insert(name);
    if (S_ISDIR(info.st_mode)) return compare_directory(name, existed, existed && S_ISDIR(before.st_mode));
    add(existed ? 'C' : 'A', name);
    return {};
  }

  Failure is_whiteout(const struct stat& info, const char* name, bool* result) {
    *result = S_ISCHR(info.st_mode) && info.st_rdev == 0;
    if (*result || !levels_.back().marks || !S_ISREG(info.st_mode) || info.st_size != 0) return {};
    UniqueFd fd = open_entry(upper_.fd(), name, O_PATH);
    if (!fd) return is_gone() ? Failure{} : failed("openat2", upper_.path_of(name));
    return has_whiteout_mark(fd.get(), upper_.path_of(name), marks_, result);
  }

  Failure compare_directory(const char* name, bool existed, bool was_directory) {
    UniqueFd upper = open_entry(upper_.fd(), name, O_RDONLY | O_DIRECTORY);
    if (!upper) return is_gone() ? Failure{} : failed("openat2", upper_.path_of(name));
    if (was_directory) {
      UniqueFd view = open_entry(view_.fd(), name, O_RDONLY | O_DIRECTORY);
      if (!view) return failed("openat2", upper_.path_of(name));
      if (Failure failure = view_.push(std::move(view), name); failure) return failure;
    } else {
      add(existed ? 'C' : 'A', name);
    }
    bool opaque = levels_.back().opaque;
    if (Failure failure = upper_.push(std::move(upper), name); failure) return failure;
    return enter(was_directory, opaque);
  }

  Failure leave() {
    Level& level = levels_.back();
    if (level.below) {
      if (level.opaque) {
        if (Failure failure = add_hidden(level.names); failure) return failure;
      }
      bool changed = changes_->size() > level.changes;
      if (!changed && upper_.depth() > 1) {
        if (Failure failure = differs(&changed); failure) return failure;
      }
      if (changed && upper_.depth() > 1) changes_->push_back({'C', upper_.path()});
      if (Failure failure = view_.pop(); failure) return failure;
    }
    levels_.pop_back();
    return upper_.pop();
  }

  // Entries of the view that an opaque directory hides.
  Failure add_hidden(const std::set<std::string>& names) {
    Listing before;
    if (Failure failure = before.read(view_.fd(), upper_.path()); failure) return failure;
    Entry entry;
    while (before.next(&entry)) {
      if (!names.contains(entry.name)) add('D', entry.name);
    }
    return {};
  }

  Failure differs(bool* result) {
    struct stat now{};
    struct stat before{};
    if (fstat(upper_.fd(), &now) != 0 || fstat(view_.fd(), &before) != 0) return failed("fstat", upper_.path());
    *result = now.st_mode != before.st_mode || now.st_uid != before.st_uid || now.st_gid != before.st_gid ||
              now.st_mtim.tv_sec != before.st_mtim.tv_sec || now.st_mtim.tv_nsec != before.st_mtim.tv_nsec;
    if (*result) return {};
    Xattrs xattrs_now;
    Xattrs xattrs_before;
    if (Failure failure = read_xattrs(upper_.fd(), upper_.path(), &xattrs_now); failure) return failure;
    if (Failure failure = read_xattrs(view_.fd(), upper_.path(), &xattrs_before); failure) return failure;
    *result = xattrs_now != xattrs_before;
    return {};
  }

  const Marks marks_;
  std::vector<LayerChange>* changes_;
  DirectoryStack upper_;
  DirectoryStack view_;
  std::vector<Level> levels_;
};

}  // namespace

Failure diff(int upper, int view, Marks marks, std::vector<LayerChange>* changes) {
  changes->clear();
  return Difference(marks, changes).run(upper, view);
}

}  // namespace orlop::fs
