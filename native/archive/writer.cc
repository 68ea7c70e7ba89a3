#include "archive/writer.h"

#include <archive.h>
#include <archive_entry.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "archive/limits.h"
#include "archive/report.h"

namespace orlop::archive {

namespace {

constexpr size_t kRecordSize = 64;          // size of a record without name and value, at most
constexpr size_t kOtherRecords = 16 << 10;  // times, sizes, owners, and the headers themselves

la_ssize_t write_block(struct archive*, void* data, const void* bytes, size_t size) {
  static_cast<Output*>(data)->write(bytes, size);
  return static_cast<la_ssize_t>(size);
}

// Before 1970 libarchive writes the seconds and the fraction side by side, and readers subtract the fraction. The half
// second before 1970 has no such form.
timespec as_written(timespec time) {
  if (time.tv_sec >= 0 || time.tv_nsec == 0) return time;
  if (time.tv_sec == -1) return {-1, 0};
  return {time.tv_sec + 1, 1'000'000'000 - time.tv_nsec};
}

}  // namespace

Writer::Writer(Output& output) : archive_(archive_write_new()), entry_(archive_entry_new()) {
  if (archive_ == nullptr || entry_ == nullptr) refuse("memory");
  // Not pax_restricted: it drops the fraction of a time when nothing else needs an extended header.
  archive_write_set_format_pax(archive_);
  // Otherwise each attribute is written a second time, in a form that only libarchive reads.
  check(archive_write_set_format_option(archive_, "pax", "xattrheader", "SCHILY"));
  archive_write_add_filter_none(archive_);
  archive_write_set_bytes_per_block(archive_, static_cast<int>(kBlock));
  archive_write_set_bytes_in_last_block(archive_, 1);
  check(archive_write_open2(archive_, &output, nullptr, write_block, nullptr, nullptr));
}

void Writer::check(long result) {
  if (result >= ARCHIVE_OK) return;
  const char* text = archive_error_string(archive_);
  // A name that is not UTF-8 is written as bytes, with hdrcharset=BINARY.
  if (result == ARCHIVE_WARN && text != nullptr && strstr(text, "to UTF-8") != nullptr) return;
  refuse("write", text == nullptr ? "" : text);
}

// No atime, ctime or user names: they differ between equal trees.
void Writer::begin(const std::string& name, const struct stat& info) {
  archive_entry_clear(entry_);
  archive_entry_set_pathname(entry_, name.c_str());
  archive_entry_set_filetype(entry_, info.st_mode & S_IFMT);
  archive_entry_set_perm(entry_, info.st_mode & 07777);
  archive_entry_set_uid(entry_, info.st_uid);
  archive_entry_set_gid(entry_, info.st_gid);
  timespec modified = as_written(info.st_mtim);
  archive_entry_set_mtime(entry_, modified.tv_sec, modified.tv_nsec);
  archive_entry_set_size(entry_, S_ISREG(info.st_mode) ? info.st_size : 0);
  if (S_ISCHR(info.st_mode) || S_ISBLK(info.st_mode)) {
    archive_entry_set_rdevmajor(entry_, major(info.st_rdev));
    archive_entry_set_rdevminor(entry_, minor(info.st_rdev));
  }
}

void Writer::write_header() {
  if (++entries_ > kMaxEntries) refuse("too-many-entries");
  check(archive_write_header(archive_, entry_));
}

void Writer::header(const std::string& name, const struct stat& info, const std::vector<Attribute>& attributes,
                    const std::string& link) {
  begin(name, info);
  if (!link.empty()) archive_entry_set_symlink(entry_, link.c_str());
  size_t extended = name.size() + link.size();
  for (const Attribute& attribute : attributes) {
    extended += attribute.name.size() + attribute.value.size() + kRecordSize;
    // Unpacking refuses it.
    if (extended > kMaxHeader - kOtherRecords) refuse("header-too-large", attribute.name);
    archive_entry_xattr_add_entry(entry_, attribute.name.c_str(), attribute.value.data(), attribute.value.size());
  }
  write_header();
}

void Writer::hard_link(const std::string& name, const struct stat& info, const std::string& target) {
  begin(name, info);
  archive_entry_set_size(entry_, 0);
  archive_entry_set_hardlink(entry_, target.c_str());
  write_header();
}

void Writer::empty_file(const std::string& name) {
  struct stat info{};
  info.st_mode = S_IFREG;
  begin(name, info);
  write_header();
}

void Writer::data(const void* bytes, size_t size) {
  la_ssize_t written = archive_write_data(archive_, bytes, size);
  check(written);
  if (static_cast<size_t>(written) != size) refuse("write", "short");
}

void Writer::finish() { check(archive_write_close(archive_)); }

}  // namespace orlop::archive
