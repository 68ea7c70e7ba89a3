// Starts many containers, several at once.
#ifndef BENCH_LIMIT_CREW_H_
#define BENCH_LIMIT_CREW_H_

#include "container.h"

struct work {
  long count;       // containers started, ended and removed
  long long took;   // nanoseconds
  long long spent;  // nanoseconds of processors, of this process and of the containers
};

// So many threads, each of which starts one container after the other: until `milliseconds` are over, or until `count`
// have been started. 0, or -1.
int crew_start(const struct settings* settings, int threads, long milliseconds, long count, struct work* work);

#endif  // BENCH_LIMIT_CREW_H_
