#include "archive/unpack.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/sysmacros.h>

#include <algorithm>

#include "archive/jail.h"
#include "archive/names.h"
#include "archive/tree.h"
#include "archive/whiteout.h"

namespace orlop::archive {

namespace {

la_ssize_t read_block(struct archive*, void* data, const void** block) {
  std::span<const uint8_t> bytes = static_cast<Input*>(data)->next();
  *block = bytes.data();
  return static_cast<la_ssize_t>(bytes.size());
}

uint32_t checked_id(la_int64_t id) {
  // For chown, 2^32 - 1 means no change.
  if (id < 0 || id >= 0xffffffff) refuse("id");
  return static_cast<uint32_t>(id);
}

// Before 1970 libarchive adds the fraction instead of subtracting it: it reads -3599.5 as -3599 and a half.
timespec modified(struct archive_entry* entry) {
  time_t seconds = static_cast<time_t>(archive_entry_mtime(entry));
  long nanoseconds = archive_entry_mtime_nsec(entry);
  if (seconds < 0 && nanoseconds > 0) return {seconds - 1, 1'000'000'000 - nanoseconds};
  return {seconds, nanoseconds};
}

Metadata metadata_of(struct archive_entry* entry) {
  return {checked_id(archive_entry_uid(entry)), checked_id(archive_entry_gid(entry)),
          static_cast<mode_t>(archive_entry_perm(entry) & 07777), modified(entry)};
}

// A header can hold larger numbers than a device of Linux has. A truncated number is that of another device.
dev_t device_of(struct archive_entry* entry) {
  const uint64_t major = archive_entry_rdevmajor(entry);
  const uint64_t minor = archive_entry_rdevminor(entry);
  if (major >= 1u << 12 || minor >= 1u << 20) refuse("device");
  return makedev(static_cast<unsigned>(major), static_cast<unsigned>(minor));
}

std::vector<Attribute> attributes_of(struct archive_entry* entry) {
  std::vector<Attribute> attributes;
  const char* name = nullptr;
  const void* value = nullptr;
  size_t size = 0;
  archive_entry_xattr_reset(entry);
  while (archive_entry_xattr_next(entry, &name, &value, &size) == ARCHIVE_OK) {
    if (keep_attribute(name) == Keep::kRefused) refuse("overlay-attribute", name);
    attributes.push_back({name, std::string(static_cast<const char*>(value), size)});
  }
  return attributes;
}

class Unpacker {
 public:
  Unpacker(Kind kind, const Input::Options& options, const Broker* broker, int below, int owners)
      : kind_(kind),
        max_size_(options.max_size),
        input_(options),
        tree_({kDirectoryFd, kind != Kind::kFiles, kind != Kind::kFiles, kind == Kind::kLayer, broker, below, owners}),
        archive_(archive_read_new()) {
    if (archive_ == nullptr) refuse("memory");
    // Formats and filters by name, so that the rest of the library is not linked in.
    archive_read_support_format_tar(archive_);
    if (archive_read_open2(archive_, &input_, nullptr, read_block, nullptr, nullptr) != ARCHIVE_OK) {
      refuse_archive();
    }
  }

  [[noreturn]] void run() {
    struct archive_entry* entry = nullptr;
    while (next(&entry)) {
      if (++entries_ > kMaxEntries) refuse("too-many-entries");
      unpack_entry(entry);
    }
    set_current_entry({});
    const bool marked = has_end_mark();
    // An archive of files says what belongs to it, but not in a form that is checked everywhere.
    if (!marked && kind_ == Kind::kFiles) refuse("truncated");
    tree_.finish();
    // Bytes after the end mark count in both digests.
    while (!input_.next().empty()) {
    }
    succeed(input_.sums(), entries_, marked);
  }

 private:
  bool next(struct archive_entry** entry) {
    int result = archive_read_next_header(archive_, entry);
    if (result == ARCHIVE_EOF) return false;
    if (result == ARCHIVE_WARN) {
      // A name that is not UTF-8 is kept as bytes. Any other warning is an error.
      const char* text = archive_error_string(archive_);
      if (text == nullptr || strstr(text, "can't be converted") == nullptr) refuse("damaged", text ? text : "");
    } else if (result != ARCHIVE_OK) {
      refuse_archive();
    }
    const char* name = archive_entry_pathname(*entry);
    if (name == nullptr) refuse("no-name");
    raw_name_ = name;
    set_current_entry(raw_name_);
    uint64_t start = static_cast<uint64_t>(archive_read_header_position(archive_));
    uint64_t end = static_cast<uint64_t>(archive_filter_bytes(archive_, 0));
    if (end - start > kMaxHeader) refuse("header-too-large");
    if (end - start > 512) check_headers(input_.window(start, end));
    return true;
  }

  [[noreturn]] void refuse_archive() {
    if (archive_errno(archive_) == ENOMEM) refuse("memory");
    if (input_.raw_size() == 0) refuse("empty");
    const char* text = archive_error_string(archive_);
    std::string_view detail = text == nullptr ? "" : text;
    // No header was accepted before.
    if (archive_format(archive_) == 0) refuse("not-a-tar", detail);
    if (input_.ended()) refuse("truncated", detail);
    if (detail.find("too large") != std::string_view::npos) refuse("header-too-large", detail);
    refuse("damaged", detail);
  }

  // Without an end mark, a tar that was cut between two entries looks complete. Some builders write none. The digest of
  // a layer shows that it is complete. For a root file system, the caller gets a warning.
  bool has_end_mark() { return archive_filter_bytes(archive_, 0) > archive_read_header_position(archive_); }

  void unpack_entry(struct archive_entry* entry) {
    std::string name = clean_name(raw_name_);
    if (kind_ == Kind::kLayer) {
      if (unpack_whiteout(name)) return;
    } else if (has_whiteout(name)) {
      refuse("whiteout");
    }
    if (archive_entry_hardlink(entry) != nullptr) {
      std::string target = clean_name(archive_entry_hardlink(entry));
      if (name.empty() || target.empty()) refuse("root");
      if (kind_ == Kind::kLayer && whiteout_of(target) != Whiteout::kNone) refuse("whiteout");
      return tree_.hard_link(name, target);
    }
    mode_t type = archive_entry_filetype(entry);
    if (name.empty() && type != AE_IFDIR) refuse("root");
    unpack_object(entry, name, type);
  }

  // True if the entry was a whiteout.
  bool unpack_whiteout(const std::string& name) {
    Split split = split_name(name);
    switch (whiteout_of(name)) {
      case Whiteout::kNone:
        return false;
      case Whiteout::kOpaque:
        tree_.opaque(split.parent);
        return true;
      case Whiteout::kRemoved:
        tree_.whiteout((split.parent.empty() ? "" : split.parent + "/") + split.last.substr(strlen(".wh.")));
        return true;
      case Whiteout::kIgnored:
        return true;
    }
    return true;
  }

  void unpack_object(struct archive_entry* entry, const std::string& name, mode_t type) {
    Metadata metadata = metadata_of(entry);
    switch (type) {
      case AE_IFDIR:
        return tree_.directory(name, metadata, attributes_of(entry));
      case AE_IFREG:
        return unpack_file(entry, name, metadata);
      case AE_IFLNK: {
        const char* target = archive_entry_symlink(entry);
        if (target == nullptr || *target == 0 || strlen(target) > kMaxPath) refuse("link-target");
        return tree_.symlink(name, target, metadata);
      }
      case AE_IFCHR:
      case AE_IFBLK:
      case AE_IFIFO: {
        if (kind_ == Kind::kFiles) refuse("not-a-plain-file");
        return tree_.node(name, type, type == AE_IFIFO ? 0 : device_of(entry), metadata);
      }
      default:
        refuse("type");
    }
  }

  void unpack_file(struct archive_entry* entry, const std::string& name, const Metadata& metadata) {
    std::vector<Attribute> attributes = attributes_of(entry);
    int64_t size = archive_entry_size(entry);
    // A sparse file is small in the archive, but not for its readers.
    if (size < 0 || static_cast<uint64_t>(size) > max_size_) refuse("too-large", std::to_string(max_size_));
    Fd fd = tree_.file(name);
    const void* block = nullptr;
    size_t length = 0;
    la_int64_t offset = 0;
    la_int64_t end = 0;
    for (;;) {
      int result = archive_read_data_block(archive_, &block, &length, &offset);
      if (result == ARCHIVE_EOF) break;
      if (result != ARCHIVE_OK) refuse_archive();
      if (offset < 0 || offset > size || length > static_cast<uint64_t>(size - offset)) refuse("damaged", "sparse map");
      write_block(fd.get(), static_cast<const char*>(block), length, offset);
      if (length > 0) end = std::max(end, offset + static_cast<la_int64_t>(length));
    }
    // A hole at the end.
    if (end < size && ftruncate(fd.get(), size) != 0) fail("ftruncate", errno);
    tree_.finish_file(fd.get(), metadata, attributes);
  }

  static void write_block(int fd, const char* bytes, size_t size, off_t offset) {
    while (size > 0) {
      ssize_t n = pwrite(fd, bytes, size, offset);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) fail("pwrite", errno);
      bytes += n;
      size -= static_cast<size_t>(n);
      offset += n;
    }
  }

  Kind kind_;
  uint64_t max_size_;
  Input input_;
  Tree tree_;
  struct archive* archive_;
  std::string raw_name_;
  uint64_t entries_ = 0;
};

}  // namespace

void unpack(Kind kind, const Input::Options& options, const Broker* broker, int below, int owners) {
  Unpacker unpacker(kind, options, broker, below, owners);
  unpacker.run();
}

}  // namespace orlop::archive
