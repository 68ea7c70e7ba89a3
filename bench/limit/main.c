// usage: limit OPTION...     options: see bench/limit/options.c
//
// Serves requests, one a line of standard input, and answers each with a line:
//   start                     nanoseconds to the application's first instruction, and to its end
//   throughput THREADS MS     containers started, ended and removed, and the nanoseconds that it took
// With --wait, `start` prepares a container, then measures from the request to it.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>

#include "container.h"
#include "options.h"

static atomic_uint next_number;

static long long now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1000000000LL + time.tv_nsec;
}

struct times {
  long long called, first, ended;
};

static int read_first(int descriptor, long long* first) {
  char text[32] = "";
  if (read(descriptor, text, sizeof text - 1) <= 0) return -1;
  *first = atoll(text);
  return 0;
}

static int wait_for_end(struct container* container, pid_t pid, struct times* times) {
  int status;
  if (waitpid(pid, &status, 0) < 0) return container_fail(container, "waitpid");
  times->ended = now();
  if (status == 0) return 0;
  return container_fail(container, "application");
}

// Starts a container and waits for its end. 0, or -1.
static int run_one(struct container* container, const int pipe_ends[2], struct times* times) {
  const bool ahead = container->settings->ahead;
  container->output = pipe_ends[1];
  if (ahead && container_make_directories(container) != 0) return -1;
  times->called = now();
  if (!ahead && container_make_directories(container) != 0) return -1;
  const pid_t pid = container_clone(container);
  if (pid < 0 || wait_for_end(container, pid, times) != 0) return -1;
  if (read_first(pipe_ends[0], &times->first) != 0) return container_fail(container, "first instruction");
  if (container_remove_directories(container) != 0) return -1;
  if (!ahead) times->ended = now();
  return 0;
}

// Makes a container, lets it wait, wants it, and waits for its end.
static int run_waiting(struct container* container, const int pipe_ends[2], struct times* times) {
  int ready[2], gate[2];
  if (pipe2(ready, O_CLOEXEC) != 0 || pipe2(gate, O_CLOEXEC) != 0) return container_fail(container, "pipe");
  container->output = pipe_ends[1];
  container->ready = ready[1];
  container->gate = gate[0];
  if (container_make_directories(container) != 0) return -1;
  const pid_t pid = container_clone(container);
  if (pid < 0) return -1;
  // It shares the table of descriptors, so its end would not close the pipe.
  struct pollfd readable = {ready[0], POLLIN, 0};
  if (poll(&readable, 1, 10000) != 1) return container_fail(container, "ready");

  times->called = now();
  struct request request = {-1};
  enum { kCloneRecursive = 0x8001 };
  if (container->settings->volumes > 0) {
    request.tree = (int)syscall(SYS_open_tree, AT_FDCWD, container->settings->source, kCloneRecursive | O_CLOEXEC);
    if (request.tree < 0) return container_fail(container, "open_tree");
  }
  if (write(gate[1], &request, sizeof request) != sizeof request) return container_fail(container, "gate");
  if (wait_for_end(container, pid, times) != 0) return -1;
  if (read_first(pipe_ends[0], &times->first) != 0) return container_fail(container, "first instruction");
  if (request.tree >= 0) close(request.tree);
  for (int i = 0; i < 2; i++) close(ready[i]), close(gate[i]);
  return container_remove_directories(container);
}

struct worker {
  const struct settings* settings;
  char* stack;
  int pipe_ends[2];
  long long until;
  long count;
  int error;
};

static char* make_stack(void) {
  char* stack = mmap(NULL, kStack, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
  return stack == MAP_FAILED ? NULL : stack;
}

static int make_worker(struct worker* worker, const struct settings* settings) {
  *worker = (struct worker){.settings = settings, .stack = make_stack()};
  if (worker->stack == NULL || pipe2(worker->pipe_ends, O_CLOEXEC) != 0) return -1;
  return 0;
}

static void free_worker(struct worker* worker) {
  munmap(worker->stack, kStack);
  close(worker->pipe_ends[0]);
  close(worker->pipe_ends[1]);
}

static int one(struct worker* worker, struct times* times) {
  struct container container;
  container_init(&container, worker->settings, atomic_fetch_add(&next_number, 1), worker->stack);
  const int error = worker->settings->wait ? run_waiting(&container, worker->pipe_ends, times)
                                           : run_one(&container, worker->pipe_ends, times);
  if (error != 0) fprintf(stderr, "limit: %s: %s\n", container.failed, strerror(container.error));
  return error;
}

static void* work(void* argument) {
  struct worker* worker = argument;
  struct times times;
  while (worker->error == 0 && now() < worker->until) {
    worker->error = one(worker, &times);
    worker->count++;
  }
  return NULL;
}

static int throughput(const struct settings* settings, int threads, long milliseconds) {
  enum { kThreads = 64 };
  if (threads < 1 || threads > kThreads) return -1;
  struct worker workers[kThreads];
  pthread_t handles[kThreads];
  for (int i = 0; i < threads; i++) {
    if (make_worker(&workers[i], settings) != 0) return -1;
  }
  const long long start = now();
  for (int i = 0; i < threads; i++) {
    workers[i].until = start + milliseconds * 1000000LL;
    if (pthread_create(&handles[i], NULL, work, &workers[i]) != 0) return -1;
  }
  long count = 0;
  int error = 0;
  for (int i = 0; i < threads; i++) {
    pthread_join(handles[i], NULL);
    count += workers[i].count;
    error |= workers[i].error;
  }
  printf("%ld %lld\n", count, now() - start);
  for (int i = 0; i < threads; i++) free_worker(&workers[i]);
  return error;
}

static int serve(const struct settings* settings) {
  struct worker worker;
  if (make_worker(&worker, settings) != 0) return 1;
  char* line = NULL;
  size_t capacity = 0;
  while (getline(&line, &capacity, stdin) > 0) {
    int threads;
    long milliseconds;
    struct times times;
    if (sscanf(line, "throughput %d %ld", &threads, &milliseconds) == 2) {
      if (throughput(settings, threads, milliseconds) != 0) return 1;
    } else {
      if (one(&worker, &times) != 0) return 1;
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
  struct worker worker;
  struct times times;
  return make_worker(&worker, &settings) != 0 || one(&worker, &times) != 0;
}
