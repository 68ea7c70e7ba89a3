// usage: limit OPTION...     options: see bench/limit/options.c
//
// Serves requests, one a line of standard input, and answers each with a line:
//   start                     nanoseconds to the application's first instruction, and to its end
//   throughput THREADS MS     containers started, ended and removed; the nanoseconds that it took, and those of
//                             processors that were spent
//   burst COUNT THREADS       the same of so many containers
// With --wait, `start` prepares a container, then measures from the request to it.
#define _GNU_SOURCE
#include <limits.h>
#include <stdlib.h>

#include "container.h"
#include "crew.h"
#include "options.h"
#include "starter.h"

// Longer than any question takes.
enum { kLongMs = 3600 * 1000 };

static int serve(const struct settings* settings) {
  struct starter starter;
  if (starter_make(&starter, settings) != 0) return 1;
  char* line = NULL;
  size_t capacity = 0;
  while (getline(&line, &capacity, stdin) > 0) {
    int threads;
    long milliseconds = kLongMs, containers = LONG_MAX;
    struct times times;
    struct work work;
    if (sscanf(line, "throughput %d %ld", &threads, &milliseconds) == 2 ||
        sscanf(line, "burst %ld %d", &containers, &threads) == 2) {
      if (crew_start(settings, threads, milliseconds, containers, &work) != 0) return 1;
      printf("%ld %lld %lld\n", work.count, work.took, work.spent);
    } else {
      if (starter_start(&starter, &times) != 0) return 1;
      printf("%lld %lld\n", times.first - times.called, times.ended - times.called);
    }
    fflush(stdout);
  }
  return 0;
}

int main(int count, char** arguments) {
  static struct settings settings;
  bool once = false;
  if (parse_options(count, arguments, &settings, &once) != 0) return 2;
  if (!once) return serve(&settings);
  struct starter starter;
  struct times times;
  return starter_make(&starter, &settings) != 0 || starter_start(&starter, &times) != 0;
}
