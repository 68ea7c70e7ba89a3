// What a caller of runc or crun has to do itself, as cheaply as it can be done: makes a bundle with an overlay as its
// root filesystem, runs the runtime on it, unmounts and removes everything. A user makes it in a user namespace, in
// which the runtime is root.
//
// usage: with-overlay DIRECTORY CONFIG LAYER[:LAYER]... RUNTIME [OPTION]...     (uppermost layer first)
// It adds `run --bundle BUNDLE ID` and ends with the runtime's exit status.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <sched.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "overlay.h"

extern char** environ;

enum { kPath = 512, kArguments = 64 };

static int fail(const char* what) {
  fprintf(stderr, "with-overlay: %s: %s\n", what, strerror(errno));
  return 125;
}

static int write_text(const char* path, const char* text) {
  const int file = open(path, O_WRONLY | O_CLOEXEC);
  const int error = file < 0 || write(file, text, strlen(text)) < 0 ? -1 : 0;
  close(file);
  return error;
}

// With one ID: it needs no helper program.
static int enter_user_namespace(void) {
  char users[32], groups[32];
  snprintf(users, sizeof users, "0 %u 1", (unsigned)geteuid());
  snprintf(groups, sizeof groups, "0 %u 1", (unsigned)getegid());
  if (unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0 || write_text("/proc/self/setgroups", "deny") != 0 ||
      write_text("/proc/self/uid_map", users) != 0) {
    return -1;
  }
  return write_text("/proc/self/gid_map", groups);
}

static int remove_entry(const char* path, const struct stat* facts, int kind, struct FTW* position) {
  (void)facts, (void)kind, (void)position;
  return remove(path);
}

static int split(char* text, const char** parts) {
  int count = 0;
  for (char* part = strtok(text, ":"); part != NULL && count < kMaximumLayers; part = strtok(NULL, ":")) {
    parts[count++] = part;
  }
  return count;
}

static int run(char* const* runtime, int count, char* bundle, char* id) {
  char* arguments[kArguments + 5] = {0};
  int size = 0;
  while (size < count && size < kArguments) {
    arguments[size] = runtime[size];
    size++;
  }
  char* const tail[] = {"run", "--bundle", bundle, id};
  memcpy(arguments + size, tail, sizeof tail);
  pid_t pid;
  const int error = posix_spawnp(&pid, arguments[0], NULL, NULL, arguments, environ);
  if (error != 0) {
    errno = error;
    return fail(arguments[0]);
  }
  int status;
  if (waitpid(pid, &status, 0) < 0) return fail("waitpid");
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int main(int count, char** arguments) {
  if (count < 5) return fail("usage: with-overlay DIRECTORY CONFIG LAYER[:LAYER]... RUNTIME [OPTION]...");
  if (geteuid() != 0 && enter_user_namespace() != 0) return fail("user namespace");
  char id[32], bundle[kPath], root[kPath + 16], upper[kPath + 16], work[kPath + 16], config[kPath + 16];
  snprintf(id, sizeof id, "bench-%d", (int)getpid());
  snprintf(bundle, sizeof bundle, "%s/%s", arguments[1], id);
  snprintf(root, sizeof root, "%s/rootfs", bundle);
  snprintf(upper, sizeof upper, "%s/upper", bundle);
  snprintf(work, sizeof work, "%s/work", bundle);
  snprintf(config, sizeof config, "%s/config.json", bundle);
  const char* layers[kMaximumLayers];
  static struct overlay overlay;
  overlay = (struct overlay){.target = root, .upper = upper, .work = work, .layers = layers};
  overlay.count = split(arguments[3], layers);
  if (mkdir(bundle, 0700) != 0 || mkdir(root, 0755) != 0 || mkdir(upper, 0755) != 0 || mkdir(work, 0700) != 0 ||
      symlink(arguments[2], config) != 0) {
    return fail(bundle);
  }
  overlay_prepare(&overlay);
  if (overlay_mount(&overlay) != 0) return fail(root);
  const int status = run(arguments + 4, count - 4, bundle, id);
  if (umount2(root, MNT_DETACH) != 0) return fail("umount");
  if (nftw(bundle, remove_entry, 16, FTW_DEPTH | FTW_PHYS) != 0) return fail("remove");
  return status;
}
