// Runs a command in a mount namespace of its own whose table has a given number of mounts, or (+MORE) so many more than
// this one: bind mounts of an empty directory, as a host with many containers has them.
//
// usage: many-mounts TOTAL|+MORE DIRECTORY COMMAND [ARGUMENT]...
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

static int fail(const char* what) {
  fprintf(stderr, "many-mounts: %s: %s\n", what, strerror(errno));
  return 125;
}

static int count_mounts(void) {
  FILE* file = fopen("/proc/self/mountinfo", "re");
  if (file == NULL) return -1;
  char* line = NULL;
  size_t capacity = 0;
  int count = 0;
  while (getline(&line, &capacity, file) > 0) count++;
  free(line);
  fclose(file);
  return count;
}

int main(int count, char** arguments) {
  if (count < 4) return fail("usage: many-mounts TOTAL|+MORE DIRECTORY COMMAND [ARGUMENT]...");
  if (unshare(CLONE_NEWNS) != 0) return fail("unshare");
  if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0) return fail("mount");
  mkdir(arguments[2], 0755);
  if (mount("tmpfs", arguments[2], "tmpfs", 0, NULL) != 0) return fail("tmpfs");
  char path[512];
  const int missing = arguments[1][0] == '+' ? atoi(arguments[1] + 1) : atoi(arguments[1]) - count_mounts();
  for (int i = 0; i < missing; i++) {
    snprintf(path, sizeof path, "%s/%d", arguments[2], i);
    if (mkdir(path, 0755) != 0 || mount(path, path, NULL, MS_BIND, NULL) != 0) return fail(path);
  }
  execvp(arguments[3], arguments + 3);
  return fail(arguments[3]);
}
