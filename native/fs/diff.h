// Changes in a read-write layer.
#pragma once

#include <string>
#include <vector>

#include "base/failure.h"
#include "fs/xattrs.h"

namespace orlop::fs {

struct LayerChange {
  char kind;         // 'A' added, 'C' changed, 'D' deleted
  std::string path;  // from the root, "/a/b"
};

// Changes of the upper directory of an overlay against the view of the layers below it, sorted by path as bytes. Each
// added or changed entry is listed; of deleted entries only the topmost. A directory is changed if an entry in it is,
// or its owner, mode, time of modification or extended attributes. A file in the upper directory counts as changed even
// with the same content, as in Docker. The root itself is not listed. `marks` are those of the overlay.
Failure diff(int upper, int view, Marks marks, std::vector<LayerChange>* changes);

}  // namespace orlop::fs
