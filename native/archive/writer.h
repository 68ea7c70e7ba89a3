// libarchive's PAX writer, set so that the bytes depend on the tree alone.
#pragma once

#include <sys/stat.h>

#include <string>
#include <vector>

#include "archive/attributes.h"
#include "archive/output.h"

struct archive;
struct archive_entry;

namespace orlop::archive {

class Writer {
 public:
  explicit Writer(Output& output);

  // Starts an entry. `link`: target of a symbolic link.
  void header(const std::string& name, const struct stat& info, const std::vector<Attribute>& attributes,
              const std::string& link = {});
  void hard_link(const std::string& name, const struct stat& info, const std::string& target);
  void empty_file(const std::string& name);
  void data(const void* bytes, size_t size);
  void finish();

  uint64_t entries() const { return entries_; }

 private:
  void check(long result);
  void begin(const std::string& name, const struct stat& info);
  void write_header();

  struct archive* archive_;
  struct archive_entry* entry_;
  uint64_t entries_ = 0;
};

}  // namespace orlop::archive
