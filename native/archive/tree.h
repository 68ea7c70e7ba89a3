// The tree that is unpacked. Each call names its object by the descriptor of a directory, which was resolved below the
// root, and one last component, which is never followed.
#pragma once

#include <sys/stat.h>
#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "archive/attributes.h"
#include "archive/calls.h"
#include "archive/owners.h"

namespace orlop::archive {

struct Metadata {
  uid_t uid;
  gid_t gid;
  mode_t mode;  // permission bits
  timespec modified;
};

class Tree {
 public:
  struct Options {
    int root;
    bool follow_parents;   // a directory of a name may be a symbolic link, resolved below the root
    bool keep_metadata;    // owners, modes, times and attributes of the archive; otherwise private plain files
    bool layer;            // of an image: other layers may lie below, and the root without an entry stays as it is
    const Broker* broker;  // for trusted.* attributes; null where there are none to set
    int below = -1;        // root of the layers below, read-only; -1: none
    int owners = -1;       // gets the index of owners (owners.h); -1: none
  };
  explicit Tree(const Options& options);

  void directory(const std::string& name, const Metadata& metadata, const std::vector<Attribute>& attributes);
  // A new, empty file, open for writing. `finish_file` sets its attributes after its data are written.
  Fd file(const std::string& name);
  void finish_file(int fd, const Metadata& metadata, const std::vector<Attribute>& attributes);
  void symlink(const std::string& name, const std::string& target, const Metadata& metadata);
  // Device or FIFO: `type` is of S_IFMT.
  void node(const std::string& name, mode_t type, dev_t device, const Metadata& metadata);
  void hard_link(const std::string& name, const std::string& target);

  // Removes `name` of the layers below.
  void whiteout(const std::string& name);
  // Hides the layers below in the directory.
  void opaque(const std::string& directory);

  // Sets the times of directories, which each of their entries changed, and writes the index of owners.
  void finish();

 private:
  struct Times {
    std::string name;
    ino_t inode;
    timespec modified;
  };

  Fd open_directory(const std::string& name) const;
  Fd make_directories(const std::string& name);
  // Descriptor of the parent of `name`, made if missing.
  int parent(const std::string& directory);
  // Removes what has the name: a directory with all that it holds.
  void clear(int directory, const std::string& last);
  // Calls `make` for a new object; after EEXIST makes room, and calls it again.
  template <typename Make>
  int make_new(int directory, const std::string& last, Make make);
  bool link_whiteout(int directory, const std::string& last);
  void make_directory(int directory, const std::string& last, mode_t mode);
  // Gives a directory without an entry the owner and mode that it has in the layers below.
  void inherit(int directory, const std::string& name) const;
  void device_as_file(const std::string& name, mode_t type, dev_t device, const Metadata& metadata);
  void finish_node(int directory, const std::string& last, const Metadata& metadata);

  Options options_;
  Owners owners_;
  // The last parent: most entries follow another one of the same directory. Dropped whenever a name is replaced.
  std::string cached_name_;
  Fd cached_;
  // The last whiteout.
  std::string whiteout_name_;
  Fd whiteout_directory_;
  std::vector<Times> times_;
  size_t times_bytes_ = 0;
};

}  // namespace orlop::archive
