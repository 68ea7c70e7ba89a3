// The caller's memory while children run in it.
#pragma once

#include <functional>

#include "base/failure.h"

namespace orlop::launch {

// One start in flight. A child makes the shared memory non-dumpable before it gives up its privileges; otherwise a
// process of the container could read the caller's heap through it. The kernel does the same at each change of
// credentials. Both outlast the child. So the last start in flight restores the state from before the first (prctl(2),
// PR_SET_DUMPABLE); otherwise the program could never be traced again, or dump core.
class InFlight {
 public:
  // Enters. Call right before the child runs.
  void enter();

  // Executes `work` on a child at the gate, and enters if `work` succeeds. In procfs, the files of a non-dumpable
  // process belong to root. So without privilege `work` fails (EACCES) while another start is past its change of
  // credentials; then it is repeated for some seconds.
  Failure enter_after(const std::function<Failure()>& work);

  // Leaves, when the child has executed or is gone. No effect for a start that never entered.
  void leave();

 private:
  bool entered_ = false;
};

}  // namespace orlop::launch
