#define _GNU_SOURCE
#include "starter.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>

static atomic_uint next_number;

long long now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1000000000LL + time.tv_nsec;
}

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

static char* make_stack(void) {
  char* stack = mmap(NULL, kStack, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
  return stack == MAP_FAILED ? NULL : stack;
}

int starter_make(struct starter* starter, const struct settings* settings) {
  *starter = (struct starter){.settings = settings, .stack = make_stack()};
  return starter->stack != NULL && pipe2(starter->pipe_ends, O_CLOEXEC) == 0 ? 0 : -1;
}

void starter_free(struct starter* starter) {
  munmap(starter->stack, kStack);
  close(starter->pipe_ends[0]);
  close(starter->pipe_ends[1]);
}

int starter_start(struct starter* starter, struct times* times) {
  struct container container;
  container_init(&container, starter->settings, atomic_fetch_add(&next_number, 1), starter->stack);
  const int error = starter->settings->wait ? run_waiting(&container, starter->pipe_ends, times)
                                            : run_one(&container, starter->pipe_ends, times);
  if (error != 0) fprintf(stderr, "limit: %s: %s\n", container.failed, strerror(container.error));
  return error;
}
