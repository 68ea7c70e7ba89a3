// Unpacks an archive into the root directory.
#pragma once

#include "archive/broker.h"
#include "archive/input.h"

namespace orlop::archive {

enum class Kind {
  kLayer,  // of an image: whiteouts are instructions
  kTree,   // a root file system: whiteouts are refused
  kFiles,  // a container of other files (docker-archive, OCI archive): files, directories, links that stay inside
};

// Ends the process. `below`: the root of the layers below, `owners`: a file for the index of owners; or -1.
[[noreturn]] void unpack(Kind kind, const Input::Options& options, const Broker* broker, int below = -1,
                         int owners = -1);

}  // namespace orlop::archive
