#ifndef BENCH_LIMIT_OPTIONS_H_
#define BENCH_LIMIT_OPTIONS_H_

#include "container.h"

// 0, or -1 after a message. `once`: start one container and end.
int parse_options(int count, char** arguments, struct settings* settings, bool* once);

#endif  // BENCH_LIMIT_OPTIONS_H_
