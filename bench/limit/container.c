#define _GNU_SOURCE
#include "container.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>

int container_fail(struct container* container, const char* what) {
  if (container->failed == NULL) {
    container->failed = what;
    container->error = errno;
  }
  return -1;
}

static void name(char* path, const char* base, const char* part) { snprintf(path, kPath, "%.200s/%s", base, part); }

void container_init(struct container* container, const struct settings* settings, unsigned number, char* stack) {
  memset(container, 0, sizeof *container);
  container->settings = settings;
  container->stack = stack;
  snprintf(container->base, kPath, "%.150s/%d-%u", settings->scratch, (int)getpid(), number);
  name(container->root, container->base, "root");
  name(container->upper, container->base, "upper");
  name(container->work, container->base, "work");
  name(container->files, container->base, "files");
  name(container->null, container->files, "null");
  name(container->empty, container->files, "empty");
  name(container->hosts, container->files, "hosts");
  name(container->hostname, container->files, "hostname");
  name(container->resolv, container->files, "resolv.conf");
  container->overlay = (struct overlay){.target = container->root,
                                        .upper = container->upper,
                                        .work = container->work,
                                        .layers = settings->layers,
                                        .count = settings->layer_count};
  overlay_prepare(&container->overlay);
}

int container_make_directories(struct container* container) {
  if (mkdir(container->base, 0700) != 0 || mkdir(container->root, 0755) != 0 || mkdir(container->upper, 0755) != 0 ||
      mkdir(container->work, 0700) != 0) {
    return container_fail(container, "directories");
  }
  if (container->settings->full && mkdir(container->files, 0755) != 0) return container_fail(container, "files");
  return 0;
}

static int remove_entry(const char* path, const struct stat* facts, int kind, struct FTW* position) {
  (void)facts, (void)kind, (void)position;
  return remove(path);
}

int container_remove_directories(struct container* container) {
  if (nftw(container->base, remove_entry, 16, FTW_DEPTH | FTW_PHYS) == 0) return 0;
  return container_fail(container, "remove");
}

static int init(void* argument) {
  struct container* container = argument;
  static char* const kArguments[] = {"/bin/first", NULL};
  static char* const kEnvironment[] = {"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                                       "HOSTNAME=container", "HOME=/root", NULL};
  if (container_make_network(container) == 0 && container_make_mounts(container) == 0 &&
      container_make_process(container) == 0) {
    execve(kArguments[0], kArguments, kEnvironment);
    container_fail(container, "execve");
  }
  // A copy's failure would not be seen by the caller.
  if (container->forked) dprintf(STDERR_FILENO, "limit: %s: %s\n", container->failed, strerror(container->error));
  _exit(110);
}

pid_t container_clone(struct container* container) {
  int flags = SIGCHLD | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS;
  if (container->settings->full) flags |= CLONE_NEWCGROUP;
  if (container->settings->network) flags |= CLONE_NEWNET;
  // One that waits outlives this call, so it gets a memory of its own; the table of descriptors stays shared, which is
  // how a volume reaches it.
  container->forked = container->settings->wait;
  flags |= container->forked ? CLONE_FILES : CLONE_VM | CLONE_VFORK;
  const pid_t pid = clone(init, container->stack + kStack, flags, container);
  if (pid < 0) return container_fail(container, "clone");
  return pid;
}
