#include "fs/remove.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <vector>

#include "fs/calls.h"
#include "fs/directory_stack.h"
#include "fs/listing.h"

namespace orlop::fs {
namespace {

enum class Outcome { kGone, kFull, kFailed };

// Removes a file or an empty directory. Its kind may change meanwhile: each refusal shows the current kind, and the
// number of attempts is bounded.
Outcome remove_entry(int directory, const char* name, bool is_directory) {
  for (int attempt = 0; attempt < 64; attempt++) {
    if (unlinkat(directory, name, is_directory ? AT_REMOVEDIR : 0) == 0 || errno == ENOENT) return Outcome::kGone;
    if (is_directory && (errno == ENOTEMPTY || errno == EEXIST)) return Outcome::kFull;
    if (is_directory ? errno != ENOTDIR : errno != EISDIR) return Outcome::kFailed;
    is_directory = !is_directory;
  }
  return Outcome::kFailed;
}

class Removal {
 public:
  // ENOTEMPTY and ESTALE mean concurrent additions or moves: try again.
  Failure run(int directory, const char* name) {
    Outcome outcome = remove_entry(directory, name, false);
    if (outcome == Outcome::kGone) return {};
    if (outcome == Outcome::kFailed) return failed("unlinkat", name);
    UniqueFd top = open_entry(directory, name, O_RDONLY | O_DIRECTORY);
    if (!top) return changed() ? Failure{ESTALE, "openat2", name} : failed("openat2", name);
    stack_.start(std::move(top));
    if (Failure failure = list(); failure) return failure;
    if (Failure failure = empty(); failure) return failure;
    outcome = remove_entry(directory, name, true);
    if (outcome == Outcome::kGone) return {};
    return failed("unlinkat", name);
  }

 private:
  static bool changed() { return errno == ENOENT || errno == ENOTDIR || errno == ELOOP; }

  Failure list() {
    listings_.emplace_back();
    return listings_.back().read(stack_.fd(), stack_.path());
  }

  Failure empty() {
    while (true) {
      Entry entry;
      if (listings_.back().next(&entry)) {
        if (Failure failure = remove(entry); failure) return failure;
        continue;
      }
      if (stack_.depth() == 1) return {};
      if (Failure failure = leave(); failure) return failure;
    }
  }

  Failure remove(const Entry& entry) {
    Outcome outcome = remove_entry(stack_.fd(), entry.name, entry.type == DT_DIR);
    if (outcome == Outcome::kGone) return {};
    if (outcome == Outcome::kFailed) return failed("unlinkat", stack_.path_of(entry.name));
    UniqueFd child = open_entry(stack_.fd(), entry.name, O_RDONLY | O_DIRECTORY);
    // Removed or replaced: the next attempt removes the new entry, if the directory is not empty.
    if (!child) return changed() ? Failure{} : failed("openat2", stack_.path_of(entry.name));
    if (Failure failure = stack_.push(std::move(child), entry.name); failure) return failure;
    return list();
  }

  Failure leave() {
    std::string name = stack_.name();
    listings_.pop_back();
    if (Failure failure = stack_.pop(); failure) return failure;
    if (remove_entry(stack_.fd(), name.c_str(), true) != Outcome::kFailed) return {};
    return failed("unlinkat", stack_.path_of(name.c_str()));
  }

  DirectoryStack stack_;
  std::vector<Listing> listings_;
};

}  // namespace

Failure remove_tree(int directory, const std::string& name) {
  constexpr int kAttempts = 64;
  if (!is_entry_name(name)) return {EINVAL, "unlinkat", name};
  for (int attempt = 1;; attempt++) {
    Failure failure = Removal().run(directory, name.c_str());
    bool again = failure.error == ENOTEMPTY || failure.error == EEXIST || failure.error == ESTALE;
    if (!again || attempt == kAttempts) return failure;
  }
}

}  // namespace orlop::fs
