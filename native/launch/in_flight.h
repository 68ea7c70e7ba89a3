// The caller's memory while children run in it.
#pragma once

namespace orlop::launch {

// One start in flight. A child that shares our memory makes it non-dumpable before it gives up its privileges, or a
// process of the container could read the caller's heap through it; the kernel does the same at every change of
// credentials. Both outlast the child, so the last start to end sets back what was there before the first (prctl(2),
// PR_SET_DUMPABLE): without that, the program could not be traced or dump core for the rest of its life.
class InFlight {
 public:
  InFlight();
  ~InFlight();
  InFlight(const InFlight&) = delete;
  InFlight& operator=(const InFlight&) = delete;
};

}  // namespace orlop::launch
