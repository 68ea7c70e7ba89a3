#include "launch/in_flight.h"

#include <sys/prctl.h>

#include <mutex>

namespace orlop::launch {
namespace {

struct Counter {
  std::mutex mutex;
  int starts = 0;
  int dumpable = 1;
};

// Never destroyed: launcher threads outlive the destructors of a program that exits.
Counter& counter() {
  static auto* instance = new Counter;
  return *instance;
}

}  // namespace

InFlight::InFlight() {
  Counter& count = counter();
  const std::lock_guard lock(count.mutex);
  if (count.starts++ == 0) count.dumpable = prctl(PR_GET_DUMPABLE);
}

InFlight::~InFlight() {
  Counter& count = counter();
  const std::lock_guard lock(count.mutex);
  // 0 was the state already, and 2 cannot be set by hand: only 1 has anything to be set back to.
  if (--count.starts == 0 && count.dumpable == 1) prctl(PR_SET_DUMPABLE, 1);
}

}  // namespace orlop::launch
