// Starts containers one after the other, in one thread.
#ifndef BENCH_LIMIT_STARTER_H_
#define BENCH_LIMIT_STARTER_H_

#include "container.h"

struct starter {
  const struct settings* settings;
  char* stack;
  int pipe_ends[2];
};

// Nanoseconds of CLOCK_MONOTONIC.
struct times {
  long long called, first, ended;
};

long long now(void);

// 0, or -1.
int starter_make(struct starter* starter, const struct settings* settings);
void starter_free(struct starter* starter);

// Starts a container and waits for its end. 0, or -1 after a message.
int starter_start(struct starter* starter, struct times* times);

#endif  // BENCH_LIMIT_STARTER_H_
