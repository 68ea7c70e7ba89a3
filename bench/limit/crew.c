#define _GNU_SOURCE
#include "crew.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/resource.h>

#include "starter.h"

struct task {
  long long until;
  atomic_long left;
  atomic_long done;
  atomic_bool failed;
};

struct worker {
  struct starter starter;
  struct task* task;
};

static bool takes_one(struct task* task) {
  return !task->failed && now() < task->until && atomic_fetch_sub(&task->left, 1) > 0;
}

static void* run_worker(void* argument) {
  struct worker* worker = argument;
  struct times times;
  while (takes_one(worker->task)) {
    if (starter_start(&worker->starter, &times) != 0) worker->task->failed = true;
    worker->task->done++;
  }
  return NULL;
}

static long long nanoseconds(struct timeval time) { return time.tv_sec * 1000000000LL + time.tv_usec * 1000LL; }

// Of this process, and of those that it has waited for.
static long long processor_time(void) {
  struct rusage own, children;
  getrusage(RUSAGE_SELF, &own);
  getrusage(RUSAGE_CHILDREN, &children);
  return nanoseconds(own.ru_utime) + nanoseconds(own.ru_stime) + nanoseconds(children.ru_utime) +
         nanoseconds(children.ru_stime);
}

int crew_start(const struct settings* settings, int threads, long milliseconds, long count, struct work* work) {
  enum { kThreads = 64 };
  if (threads < 1 || threads > kThreads) return -1;
  struct worker workers[kThreads];
  pthread_t handles[kThreads];
  struct task task = {.left = count};
  for (int i = 0; i < threads; i++) {
    workers[i].task = &task;
    if (starter_make(&workers[i].starter, settings) != 0) return -1;
  }
  const long long spent = processor_time();
  const long long start = now();
  task.until = start + milliseconds * 1000000LL;
  for (int i = 0; i < threads; i++) {
    if (pthread_create(&handles[i], NULL, run_worker, &workers[i]) != 0) return -1;
  }
  for (int i = 0; i < threads; i++) pthread_join(handles[i], NULL);
  *work = (struct work){.count = task.done, .took = now() - start, .spent = processor_time() - spent};
  for (int i = 0; i < threads; i++) starter_free(&workers[i].starter);
  return task.failed ? -1 : 0;
}
