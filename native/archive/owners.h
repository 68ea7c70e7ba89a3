// The owners that a user namespace cannot keep and no attribute can hold: those of symbolic links and FIFOs, which have
// no `user.*` attributes, and of the root, which a read-write layer has without its attributes. They are kept in an
// index beside the layer: for each path a label (label.h), and the time of change by which a copy is recognised.
#pragma once

#include <sys/stat.h>

#include <string>
#include <unordered_map>

#include "archive/calls.h"

namespace orlop::archive {

// First descriptor of an index: of the one that unpacking writes, or of those that packing reads.
inline constexpr int kOwnersFd = 8;

// Owners of what is unpacked.
class Owners {
 public:
  // By the file that the archive has just made, since names can be replaced, or lead through links. The number of an
  // inode is used again: the last note counts.
  void note(const struct stat& file, uid_t uid, gid_t gid, bool mapped);
  // Writes the index of a complete tree, if it says more than the tree itself. Refuses one that is too large.
  void write(int root, int file) const;

 private:
  struct Owner {
    uid_t uid;
    gid_t gid;
  };
  std::unordered_map<ino_t, Owner> owners_;
  bool all_mapped_ = true;
};

// Indexes of layers that lie upon each other.
class OwnerIndex {
 public:
  // Reads the index of the next layer, upward.
  void read(int file);
  // The file as the index shows it, if it is still what was unpacked at the path: a container may have replaced it.
  struct stat shown(const struct stat& file, const std::string& path) const;
  struct stat shown_root(const struct stat& root) const;

 private:
  struct Entry {
    std::string label;
    timespec modified;
  };
  void add(std::string_view record);
  std::unordered_map<std::string, Entry> entries_;
};

}  // namespace orlop::archive
