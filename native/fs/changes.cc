#include "fs/changes.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <system_error>

#include "base/unique_fd.h"
#include "fs/device_filter.h"
#include "fs/quota.h"
#include "fs/remove.h"

namespace orlop::fs {
namespace {

Failure outcome(int result, const char* call, const std::string& path) {
  return result == 0 ? Failure{} : failed(call, path);
}

// Ignores a missing file.
Failure gone(int result, const char* call, const std::string& path) {
  return result == 0 || errno == ENOENT ? Failure{} : failed(call, path);
}

// Only the directory tree may be missing. If the destination is missing, the tree stays, and the caller must get the
// error.
Failure discard(const std::string& path, const std::string& place) {
  if (rename(path.c_str(), place.c_str()) == 0) return {};
  Failure failure = failed("rename", path);
  if (failure.error != ENOENT) return failure;
  return access(path.c_str(), F_OK) != 0 && errno == ENOENT ? Failure{} : failure;
}

std::string parent_of(const std::string& path) { return path.substr(0, path.rfind('/')); }

UniqueFd open_lock(const std::string& path) {
  constexpr int kFlags = O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC;
  UniqueFd file(open(path.c_str(), kFlags, 0600));
  if (file || errno != ENOENT) return file;
  // The first of its kind.
  if (mkdir(parent_of(path).c_str(), 0700) != 0 && errno != EEXIST) return {};
  return UniqueFd(open(path.c_str(), kFlags, 0600));
}

// True if a process waits for the exclusive lock, see `waitToWrite` of ts/store/lock.ts: it holds the gate, and has
// made the lock file one byte long. The byte of a killed process is removed.
bool writer_waits(const std::string& path, const UniqueFd& file) {
  const UniqueFd gate(open((path + ".gate").c_str(), O_RDWR | O_NOFOLLOW | O_CLOEXEC));
  if (!gate) return errno != ENOENT;
  if (flock(gate.get(), LOCK_SH | LOCK_NB) != 0) return true;
  return ftruncate(file.get(), 0) != 0;
}

Failure lock(const std::string& path, int mode, std::vector<UniqueFd>& held) {
  for (;;) {
    UniqueFd file = open_lock(path);
    if (!file) return failed("open", path);
    if (flock(file.get(), mode | LOCK_NB) != 0) return failed("flock", path);
    struct stat facts;
    if (fstat(file.get(), &facts) != 0) return failed("fstat", path);
    // A removed file is another one than later callers open: two processes would hold a lock of the same name.
    if (facts.st_nlink == 0) continue;
    if (mode == LOCK_SH && facts.st_size > 0 && writer_waits(path, file)) return {EWOULDBLOCK, "flock", path};
    held.push_back(std::move(file));
    return {};
  }
}

Failure same(const std::string& path, const std::string& identity) {
  struct stat file;
  if (stat(path.c_str(), &file) != 0) return failed("stat", path);
  return identity_of(file) == identity ? Failure{} : Failure{ESTALE, "stat", path};
}

Failure absent(const std::string& path) {
  if (access(path.c_str(), F_OK) == 0) return {EEXIST, "access", path};
  return errno == ENOENT ? Failure{} : failed("access", path);
}

Failure make_directory(const Change& change) {
  if (mkdir(change.path.c_str(), change.mode) != 0) return failed("mkdir", change.path);
  // The umask may have removed permission bits.
  if ((change.mode & 077) == 0) return {};
  return outcome(chmod(change.path.c_str(), change.mode), "chmod", change.path);
}

Failure make_layer(const std::string& path) {
  const Change parts[] = {{Change::Kind::kMakeDirectory, path, "", 0700},
                          {Change::Kind::kMakeDirectory, path + "/diff", "", 0755},
                          {Change::Kind::kMakeDirectory, path + "/work", "", 0700},
                          {Change::Kind::kMakeDirectory, path + "/mnt", "", 0700}};
  for (const Change& part : parts) {
    if (Failure failure = make_directory(part)) return failure;
  }
  return {};
}

Failure limit(const Change& change) {
  // strtoull(3) would take a newer C library than this runs on.
  const char* const end = change.text.data() + change.text.size();
  uint64_t bytes = 0, inodes = 0;
  const auto first = std::from_chars(change.text.data(), end, bytes);
  if (first.ec != std::errc() || first.ptr == end || *first.ptr != ' ') return {EINVAL, "", change.path};
  const auto second = std::from_chars(first.ptr + 1, end, inodes);
  if (second.ec != std::errc() || second.ptr != end) return {EINVAL, "", change.path};
  return limit_layer(change.path, bytes, inodes);
}

Failure set_attributes(const Change& change) {
  if (chown(change.path.c_str(), change.uid, change.gid) != 0) return failed("chown", change.path);
  return outcome(chmod(change.path.c_str(), change.mode), "chmod", change.path);
}

Failure sync(const std::string& path) {
  const UniqueFd file(open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
  if (!file) return failed("open", path);
  return outcome(fsync(file.get()), "fsync", path);
}

Failure write_file(const std::string& path, const std::string& content, uint32_t mode) {
  const UniqueFd file(open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, mode));
  if (!file) return failed("open", path);
  for (size_t done = 0; done < content.size();) {
    const ssize_t count = write(file.get(), content.data() + done, content.size() - done);
    if (count < 0 && errno != EINTR) return failed("write", path);
    if (count > 0) done += static_cast<size_t>(count);
  }
  return {};
}

Failure remove_whole(const std::string& path) {
  const std::string parent = parent_of(path);
  const UniqueFd directory(open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory) return gone(-1, "open", parent);
  return remove_tree(directory.get(), path.substr(parent.size() + 1));
}

Failure make(const Change& change, std::vector<UniqueFd>& held) {
  const char* path = change.path.c_str();
  switch (change.kind) {
    case Change::Kind::kLock:
      return lock(change.path, LOCK_EX, held);
    case Change::Kind::kShare:
      return lock(change.path, LOCK_SH, held);
    case Change::Kind::kSame:
      return same(change.path, change.text);
    case Change::Kind::kAbsent:
      return absent(change.path);
    case Change::Kind::kMakeDirectory:
      return make_directory(change);
    case Change::Kind::kLayer:
      return make_layer(change.path);
    case Change::Kind::kQuota:
      return require_project_quota(change.path);
    case Change::Kind::kLimit:
      return limit(change);
    case Change::Kind::kUnlimit:
      return unlimit_layer(change.path);
    case Change::Kind::kDevices:
      return change.mode == 1 ? try_device_filter(change.text) : attach_device_filter(change.path, change.text);
    case Change::Kind::kAttributes:
      return set_attributes(change);
    case Change::Kind::kSync:
      return sync(change.path);
    case Change::Kind::kWrite:
      return write_file(change.path, change.text, change.mode);
    case Change::Kind::kRename:
      return outcome(rename(path, change.text.c_str()), "rename", change.path);
    case Change::Kind::kDiscard:
      return discard(change.path, change.text);
    case Change::Kind::kUnlink:
      return gone(unlink(path), "unlink", change.path);
    case Change::Kind::kRemoveDirectory:
      return gone(rmdir(path), "rmdir", change.path);
    case Change::Kind::kRemoveTree:
      return remove_whole(change.path);
  }
  return {EINVAL, "", change.path};
}

}  // namespace

std::string identity_of(const struct stat& file) {
  constexpr int64_t kNanoseconds = 1'000'000'000;
  const int64_t modified = file.st_mtim.tv_sec * kNanoseconds + file.st_mtim.tv_nsec;
  const int64_t changed = file.st_ctim.tv_sec * kNanoseconds + file.st_ctim.tv_nsec;
  return std::to_string(file.st_dev) + ' ' + std::to_string(file.st_ino) + ' ' + std::to_string(file.st_size) + ' ' +
         std::to_string(modified) + ' ' + std::to_string(changed);
}

Failure apply(const Changes& changes) {
  std::vector<UniqueFd> held;
  for (const Change& change : changes) {
    if (Failure failure = make(change, held)) return failure;
  }
  return {};
}

Failure replace_file(const std::string& path, const std::string& content, uint32_t mode, bool durable) {
  const std::string temporary = path + ".tmp";
  Failure failure = write_file(temporary, content, mode);
  if (!failure && durable) failure = sync(temporary);
  if (!failure) failure = outcome(rename(temporary.c_str(), path.c_str()), "rename", path);
  if (!failure && durable) failure = sync(parent_of(path));
  return failure;
}

}  // namespace orlop::fs
