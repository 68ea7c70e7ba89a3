// Times whole commands without a runtime of its own in the way. Reads one command a line from standard input, its
// arguments separated by the unit separator (0x1f); runs it, and writes a line `NANOSECONDS STATUS`.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

extern char** environ;

enum { kArguments = 1024 };

static long long now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static void split(char* line, char** arguments) {
  int count = 0;
  char* rest = NULL;
  for (char* part = strtok_r(line, "\x1f\n", &rest); part != NULL && count < kArguments - 1;
       part = strtok_r(NULL, "\x1f\n", &rest)) {
    arguments[count++] = part;
  }
  arguments[count] = NULL;
}

int main(void) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
  static char* arguments[kArguments];
  char* line = NULL;
  size_t capacity = 0;
  while (getline(&line, &capacity, stdin) > 0) {
    split(line, arguments);
    if (arguments[0] == NULL) continue;
    const long long start = now();
    pid_t pid;
    int status = 0;
    const int error = posix_spawnp(&pid, arguments[0], &actions, NULL, arguments, environ);
    if (error != 0) {
      fprintf(stderr, "stopwatch: %s: %s\n", arguments[0], strerror(error));
      status = 127 << 8;
    } else {
      waitpid(pid, &status, 0);
    }
    printf("%lld %d\n", now() - start, WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
    fflush(stdout);
  }
  return 0;
}
