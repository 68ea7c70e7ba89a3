// What a read-write layer changes.
#pragma once

#include <string>
#include <vector>

#include "base/failure.h"

namespace orlop::fs {

struct Change {
  char kind;         // 'A' added, 'C' changed, 'D' deleted
  std::string path;  // from the root, "/a/b"
};

// The changes that the upper directory of an overlay makes against the view of what lies below it, sorted by path as
// bytes. Of what was added or changed each entry is named, of what was deleted the topmost one. A directory is changed
// when something in it is, or its owner, mode, time of modification or extended attributes. A file in the upper
// directory counts as changed even if its content is the same, as with Docker. The root itself is not listed.
Failure diff(int upper, int view, std::vector<Change>* changes);

}  // namespace orlop::fs
