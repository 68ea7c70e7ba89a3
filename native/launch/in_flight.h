// The caller's memory while children run in it.
#pragma once

#include <functional>

#include "base/failure.h"

namespace orlop::launch {

// One start in flight. A child that shares our memory makes it non-dumpable before it gives up its privileges, or a
// process of the container could read the caller's heap through it; the kernel does the same at every change of
// credentials. Both outlast the child, so the last start to end sets back what was there before the first (prctl(2),
// PR_SET_DUMPABLE): without that, the program could not be traced or dump core for the rest of its life.
class InFlight {
 public:
  // The child is about to run, or is let go.
  void enter();

  // Does `work` on a child that is held, and enters when it went well. The files of a non-dumpable process belong to
  // root in procfs, so without privilege the work is refused (EACCES) while another start is past its change of
  // credentials; it is repeated then, for some seconds.
  Failure enter_after(const std::function<Failure()>& work);

  // The child has executed or is gone. Does nothing for a start that never entered.
  void leave();

 private:
  bool entered_ = false;
};

}  // namespace orlop::launch
