#include "archive/owners.h"

#include <dirent.h>

#include <charconv>
#include <string_view>
#include <utility>
#include <vector>

#include "archive/attributes.h"
#include "archive/label.h"
#include "archive/limits.h"
#include "archive/report.h"
#include "fs/calls.h"
#include "fs/directory_stack.h"
#include "fs/listing.h"

namespace orlop::archive {
namespace {

constexpr char kRoot[] = ".";

bool has_no_attributes(const struct stat& file) { return S_ISLNK(file.st_mode) || S_ISFIFO(file.st_mode); }

void check(const Failure& failure) {
  if (failure) fail(failure.call, failure.error);
}

// Calls back for each link and FIFO of a tree, with its path.
class Walk {
 public:
  template <typename Visit>
  void run(int root, Visit visit) {
    check(stack_.start(root));
    list();
    while (true) {
      fs::Entry entry;
      if (listings_.back().next(&entry)) {
        look(entry.name, visit);
        continue;
      }
      listings_.pop_back();
      if (stack_.depth() == 1) return;
      check(stack_.pop());
    }
  }

 private:
  void list() {
    listings_.emplace_back();
    check(listings_.back().read(stack_.fd(), stack_.path()));
  }

  template <typename Visit>
  void look(const char* name, Visit& visit) {
    struct stat info;
    if (fstatat(stack_.fd(), name, &info, AT_SYMLINK_NOFOLLOW) != 0) fail("fstatat", errno);
    if (has_no_attributes(info)) return visit(info, stack_.path_of(name).substr(1));
    if (!S_ISDIR(info.st_mode)) return;
    UniqueFd child = fs::open_entry(stack_.fd(), name, O_RDONLY | O_DIRECTORY);
    if (!child) fail("openat2", errno);
    check(stack_.push(std::move(child), name));
    list();
  }

  fs::DirectoryStack stack_;
  std::vector<fs::Listing> listings_;
};

// A record is `LABEL SECONDS NANOSECONDS PATH`, with a NUL behind it.
std::string record_of(const struct stat& shown, const std::string& path) {
  return format_label(shown) + " " + std::to_string(shown.st_mtim.tv_sec) + " " +
         std::to_string(shown.st_mtim.tv_nsec) + " " + path + '\0';
}

std::string_view take_word(std::string_view& text) {
  const size_t space = text.find(' ');
  const std::string_view word = text.substr(0, space);
  text.remove_prefix(space == std::string_view::npos ? text.size() : space + 1);
  return word;
}

template <typename Number>
bool take_number(std::string_view& text, Number& number) {
  const std::string_view word = take_word(text);
  const char* const begin = word.data();
  const char* const end = begin + word.size();
  const auto [at, error] = std::from_chars(begin, end, number);
  return error == std::errc{} && at == end;
}

}  // namespace

void Owners::note(const struct stat& file, uid_t uid, gid_t gid, bool mapped) {
  owners_.insert_or_assign(file.st_ino, Owner{uid, gid});
  all_mapped_ = all_mapped_ && mapped;
}

void Owners::write(int root, int file) const {
  struct stat info;
  if (fstat(root, &info) != 0) fail("fstat", errno);
  const struct stat shown = labelled(info, read_attributes(root));
  // With one ID, a root's own is said too: it may lie upon another's.
  if (!has_one_id() && all_mapped_ && shown.st_uid == info.st_uid && shown.st_gid == info.st_gid) return;
  std::string index = record_of(shown, kRoot);
  const auto add = [&](const struct stat& entry, const std::string& path) {
    const auto owner = owners_.find(entry.st_ino);
    if (owner == owners_.end()) return;
    struct stat noted = entry;
    noted.st_uid = owner->second.uid;
    noted.st_gid = owner->second.gid;
    index += record_of(noted, path);
    // Names of hard links, and names below links, are longer on the disk than in the archive.
    if (index.size() > kMaxOwnerBytes) refuse("too-many-entries");
  };
  if (!owners_.empty()) Walk().run(root, add);
  write_all(file, index.data(), index.size());
}

void OwnerIndex::read(int file) {
  std::string text;
  for (size_t size = 0;;) {
    text.resize(size + kBlock);
    const size_t got = read_some(file, text.data() + size, kBlock);
    size += got;
    text.resize(size);
    if (got == 0) break;
  }
  for (std::string_view rest = text; !rest.empty();) {
    const size_t end = rest.find('\0');
    if (end == std::string_view::npos) refuse("owners");
    add(rest.substr(0, end));
    rest.remove_prefix(end + 1);
  }
}

void OwnerIndex::add(std::string_view record) {
  Entry entry;
  entry.label = take_word(record);
  struct stat unused{};
  const bool good = apply_label(entry.label, unused) && take_number(record, entry.modified.tv_sec) &&
                    take_number(record, entry.modified.tv_nsec) && !record.empty();
  if (!good) refuse("owners");
  entries_.insert_or_assign(std::string(record), std::move(entry));
}

struct stat OwnerIndex::shown(const struct stat& file, const std::string& path) const {
  const auto entry = entries_.find(path);
  struct stat shown = file;
  if (entry == entries_.end() || file.st_uid != 0 || !has_no_attributes(file)) return shown;
  const auto& [seconds, nanoseconds] = entry->second.modified;
  if (file.st_mtim.tv_sec != seconds || file.st_mtim.tv_nsec != nanoseconds) return shown;
  (void)apply_label(entry->second.label, shown);
  return shown;
}

struct stat OwnerIndex::shown_root(const struct stat& root) const {
  const auto entry = entries_.find(kRoot);
  struct stat shown = root;
  if (entry != entries_.end() && root.st_uid == 0) (void)apply_label(entry->second.label, shown);
  return shown;
}

}  // namespace orlop::archive
