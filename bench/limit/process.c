// The settings of the container init process and of its new namespaces, until it executes the application.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/close_range.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "container.h"

#define TRY(what, call)                                      \
  do {                                                       \
    if ((call) != 0) return container_fail(container, what); \
  } while (0)

// CHOWN DAC_OVERRIDE FOWNER FSETID KILL SETGID SETUID SETPCAP NET_BIND_SERVICE SYS_CHROOT SETFCAP: orlop's default.
static const uint32_t kCapabilities = 0x800405fb;

static int raise_loopback(void) {
  const int control = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (control < 0) return -1;
  struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};
  const int error = ioctl(control, SIOCSIFFLAGS, &request);
  close(control);
  return error;
}

static int set_parameter(const char* path, const char* value) {
  const int file = open(path, O_WRONLY | O_CLOEXEC);
  if (file < 0) return -1;
  const ssize_t written = write(file, value, strlen(value));
  close(file);
  return written > 0 ? 0 : -1;
}

static int reset_signals(void) {
  for (int signal_number = 1; signal_number < NSIG; signal_number++) {
    if (signal_number != SIGKILL && signal_number != SIGSTOP) signal(signal_number, SIG_DFL);
  }
  sigset_t none;
  sigemptyset(&none);
  return sigprocmask(SIG_SETMASK, &none, NULL);
}

static int drop_privileges(struct container* container) {
  for (int capability = 0; capability <= 40; capability++) {
    const bool kept = capability < 32 && ((kCapabilities >> capability) & 1) != 0;
    if (!kept) prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
  }
  const gid_t group = 0;
  TRY("setgroups", syscall(SYS_setgroups, 1, &group));
  TRY("setresgid", syscall(SYS_setresgid, 0, 0, 0));
  TRY("setresuid", syscall(SYS_setresuid, 0, 0, 0));
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  const struct __user_cap_data_struct data[2] = {{kCapabilities, kCapabilities, 0}, {0, 0, 0}};
  TRY("capset", syscall(SYS_capset, &header, data));
  TRY("no_new_privs", prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
  TRY("parent death", prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0));
  TRY("close_range", syscall(SYS_close_range, 3, ~0U, CLOSE_RANGE_CLOEXEC));
  const struct sock_fprog* filter = &container->settings->filter;
  if (filter->len > 0) TRY("seccomp", prctl(PR_SET_SECCOMP, 2, filter, 0, 0));
  return 0;
}

// Waits, ready, until the container is wanted.
static int wait_for_request(struct container* container) {
  struct request request;
  if (write(container->ready, "r", 1) != 1) return container_fail(container, "ready");
  if (read(container->gate, &request, sizeof request) != sizeof request) return container_fail(container, "gate");
  enum { kFromEmptyPath = 4 };
  const char* target = container->settings->volume_targets[0];
  if (request.tree >= 0)
    TRY("move_mount", syscall(__NR_move_mount, request.tree, "", AT_FDCWD, target, kFromEmptyPath));
  // From here on, what this process does to its descriptors must not happen to the caller's.
  return unshare(CLONE_FILES) == 0 ? 0 : container_fail(container, "unshare");
}

// While the host's /proc is there: what is written below its sys/net goes to the network namespace of the writer.
int container_make_network(struct container* container) {
  if (!container->settings->network) return 0;
  TRY("loopback", raise_loopback());
  TRY("sysctl", set_parameter("/proc/sys/net/ipv4/ping_group_range", "0 0"));
  return 0;
}

int container_make_process(struct container* container) {
  const struct settings* settings = container->settings;
  TRY("hostname", sethostname("container", 9));
  if (settings->wait) TRY("request", wait_for_request(container));
  if (dup2(container->output, STDOUT_FILENO) < 0) return container_fail(container, "dup2");
  if (!settings->full) return 0;
  enum { kJoinSessionKeyring = 1 };
  if (syscall(SYS_keyctl, kJoinSessionKeyring, "limit") < 0 && errno != ENOSYS) {
    return container_fail(container, "keyring");
  }
  if (setsid() < 0 && errno != EPERM) return container_fail(container, "setsid");
  struct rlimit files = {1024, 0};
  struct rlimit old;
  TRY("getrlimit", getrlimit(RLIMIT_NOFILE, &old));
  files.rlim_max = old.rlim_max;
  TRY("setrlimit", setrlimit(RLIMIT_NOFILE, &files));
  umask(022);
  TRY("signals", reset_signals());
  return drop_privileges(container);
}
