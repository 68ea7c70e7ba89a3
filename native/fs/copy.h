// Copy-up: the content of a directory of an image into a new volume.
#pragma once

#include "base/failure.h"

namespace orlop::fs {

// Copies all below `source` into the empty directory `destination`, which gets the owner, mode, times and extended
// attributes of `source`. Kept: owner, mode with set-id bits, times in nanoseconds, extended attributes, links, hard
// links within the tree, holes, FIFOs, devices. Left out: sockets, and 0:0 devices, the whiteouts of overlayfs. The
// source may be hostile and may change: each file is one descriptor from lookup to copy, only regular files are opened
// for reading, no link is followed, and no other mount is entered (EXDEV). An entry that disappears before it is opened
// is skipped. Any other error fails the copy, and the caller removes what was copied.
Failure copy_tree(int source, int destination);

}  // namespace orlop::fs
