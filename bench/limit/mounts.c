// The mounts of a container, made by its init process while it still sees the host, and the change of the root.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "container.h"

#define TRY(what, call)                                      \
  do {                                                       \
    if ((call) != 0) return container_fail(container, what); \
  } while (0)

static const unsigned long kClosed = MS_NOSUID | MS_NODEV | MS_NOEXEC;

static int write_file(const char* path, const char* text) {
  const int file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
  if (file < 0) return -1;
  const ssize_t length = (ssize_t)strlen(text);
  const ssize_t written = write(file, text, (size_t)length);
  close(file);
  return written == length ? 0 : -1;
}

// A small tmpfs with the files that a container gets and with what masks are made of.
static int make_files(struct container* container) {
  TRY("files", mount("tmpfs", container->files, "tmpfs", MS_NOSUID | MS_NOEXEC, "mode=755,size=1m"));
  TRY("null", mknod(container->null, S_IFCHR | 0666, makedev(1, 3)));
  TRY("empty", mkdir(container->empty, 0755));
  TRY("hosts", write_file(container->hosts, "127.0.0.1 localhost\n::1 localhost\n127.0.1.1 container\n"));
  TRY("hostname", write_file(container->hostname, "container\n"));
  TRY("resolv.conf", write_file(container->resolv, ""));
  return 0;
}

static int make_volumes(struct container* container) {
  const struct settings* settings = container->settings;
  // A waiting container gets its first volume with the request.
  for (int i = settings->wait ? 1 : 0; i < settings->volumes; i++) {
    TRY("volume", mount(settings->source, settings->volume_targets[i], NULL, MS_BIND | MS_REC, NULL));
  }
  return 0;
}

static int make_devices(struct container* container) {
  static const struct {
    const char* name;
    unsigned major, minor;
  } kDevices[] = {{"dev/null", 1, 3},   {"dev/zero", 1, 5},    {"dev/full", 1, 7},
                  {"dev/random", 1, 8}, {"dev/urandom", 1, 9}, {"dev/tty", 5, 0}};
  static const char* const kLinks[][2] = {{"/proc/self/fd", "dev/fd"},
                                          {"/proc/self/fd/0", "dev/stdin"},
                                          {"/proc/self/fd/1", "dev/stdout"},
                                          {"/proc/self/fd/2", "dev/stderr"},
                                          {"pts/ptmx", "dev/ptmx"}};
  static const char* const kDirectories[] = {"dev/pts", "dev/shm", "dev/mqueue"};
  TRY("/dev", mount("tmpfs", "dev", "tmpfs", MS_NOSUID | MS_STRICTATIME, "mode=755,size=64m"));
  for (int i = 0; i < 6; i++) {
    TRY("device", mknod(kDevices[i].name, S_IFCHR | 0666, makedev(kDevices[i].major, kDevices[i].minor)));
  }
  for (int i = 0; i < 5; i++) TRY("link", symlink(kLinks[i][0], kLinks[i][1]));
  for (int i = 0; i < 3; i++) TRY("directory", mkdir(kDirectories[i], 0755));
  return 0;
}

static int make_kernel_filesystems(struct container* container) {
  const char* const terminals = "newinstance,ptmxmode=0666,mode=0620,gid=5";
  TRY("devpts", mount("devpts", "dev/pts", "devpts", MS_NOSUID | MS_NOEXEC, terminals));
  TRY("shm", mount("shm", "dev/shm", "tmpfs", kClosed, "mode=1777,size=64m"));
  TRY("mqueue", mount("mqueue", "dev/mqueue", "mqueue", kClosed, NULL));
  TRY("sysfs", mount("sysfs", "sys", "sysfs", kClosed | MS_RDONLY, NULL));
  return 0;
}

static int bind_files(struct container* container) {
  TRY("/etc/hosts", mount(container->hosts, "etc/hosts", NULL, MS_BIND, NULL));
  TRY("/etc/hostname", mount(container->hostname, "etc/hostname", NULL, MS_BIND, NULL));
  TRY("/etc/resolv.conf", mount(container->resolv, "etc/resolv.conf", NULL, MS_BIND, NULL));
  return 0;
}

static int cover(const char* source, const char* target) {
  if (mount(source, target, NULL, MS_BIND | MS_REC, NULL) != 0) return errno == ENOENT ? 0 : -1;
  return mount(NULL, target, NULL, MS_BIND | MS_REMOUNT | MS_RDONLY | kClosed, NULL);
}

static int protect(struct container* container) {
  static const char* const kMaskedFiles[] = {"proc/interrupts",    "proc/kcore",       "proc/keys",
                                             "proc/latency_stats", "proc/sched_debug", "proc/timer_list",
                                             "proc/timer_stats"};
  static const char* const kMaskedDirectories[] = {
      "proc/acpi", "proc/asound", "proc/scsi", "sys/devices/virtual/powercap", "sys/firmware", "sys/fs/selinux"};
  static const char* const kReadonly[] = {"proc/bus", "proc/fs", "proc/irq", "proc/sys", "proc/sysrq-trigger"};
  for (int i = 0; i < 7; i++) TRY("mask", cover(container->null, kMaskedFiles[i]));
  for (int i = 0; i < 6; i++) TRY("mask", cover(container->empty, kMaskedDirectories[i]));
  const struct settings* settings = container->settings;
  for (int i = 0; i < settings->thermal_count; i++) TRY("mask", cover(container->empty, settings->thermal[i]));
  for (int i = 0; i < 5; i++) TRY("read-only path", cover(kReadonly[i], kReadonly[i]));
  return 0;
}

static int change_root(struct container* container) {
  TRY("pivot_root", syscall(SYS_pivot_root, ".", "."));
  TRY("umount", umount2(".", MNT_DETACH));
  TRY("chdir", chdir("/"));
  return 0;
}

int container_make_mounts(struct container* container) {
  const bool full = container->settings->full;
  TRY("propagation", mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
  if (full) TRY("files", make_files(container));
  TRY("overlay", overlay_mount(&container->overlay));
  TRY("chdir", chdir(container->root));
  TRY("volumes", make_volumes(container));
  TRY("/proc", mount("proc", "proc", "proc", kClosed, NULL));
  TRY("/dev", make_devices(container));
  if (full) {
    TRY("kernel file systems", make_kernel_filesystems(container));
    TRY("files", bind_files(container));
    TRY("protection", protect(container));
  }
  return change_root(container);
}
