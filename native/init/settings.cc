// Settings of the new namespaces (network, names, kernel parameters), and joins of existing ones.
#include <linux/sockios.h>

#include "init/mounts.h"
#include "init/ops.h"
#include "init/text.h"

namespace orlop::init {
namespace {

inline constexpr int kInet = 2;          // AF_INET
inline constexpr int kDatagram = 2;      // SOCK_DGRAM
inline constexpr short kUp = 0x1;        // IFF_UP
inline constexpr short kRunning = 0x40;  // IFF_RUNNING

// struct ifreq of linux/if.h, which needs libc's headers.
struct InterfaceRequest {
  char name[16];
  short flags;
  char rest[22];
};
static_assert(sizeof(InterfaceRequest) == 40);

using ParameterPath = Text<256>;

// Path of a parameter: "net.ipv4.ping_group_range"; a name with slashes is a path already.
void to_path(const char* name, ParameterPath* path) {
  bool slashes = false;
  for (const char* letter = name; *letter != 0; letter++) slashes = slashes || *letter == '/';
  path->add("sys/");
  for (; *name != 0; name++) path->add(!slashes && *name == '.' ? '/' : *name);
}

// True if a part of the path behind the first one is `..`, which would lead from the parameters to the processes.
bool leads_up(const char* path) {
  while (*path != 0 && !starts_with(path, "/../") && !same_text(path, "/..")) path++;
  return *path != 0;
}

// In a procfs of this start, where nothing is mounted yet: never the container's /proc, which may be any file system by
// now. Its only link on the way is `self`.
int open_parameter(Context& context, int proc, const char* path) {
  return static_cast<int>(context.call(__NR_openat, proc, path, O_WRONLY | O_NOFOLLOW | O_CLOEXEC, 0));
}

int write_parameter(Context& context, int file, const char* value) {
  struct statfs facts;
  const long error = context.call(__NR_fstatfs, file, &facts);
  if (error < 0) return static_cast<int>(error);
  if (facts.f_type != kProcMagic) return context.refuse(EXDEV);
  const auto length = static_cast<long>(length_of(value));
  const long written = context.call(__NR_write, file, value, length);
  if (written < 0) return static_cast<int>(written);
  return written == length ? 0 : context.refuse(EIO);
}

}  // namespace

int execute(Context& context, const plan::op::Join& op) {
  const int fd = context.slot(op.namespace_);
  if (fd < 0) return context.refuse(-fd);
  const long error = context.call(__NR_setns, fd, op.kind);
  if (error < 0 || op.kind != plan::kMountNamespace) return static_cast<int>(error);
  // Later operations use the root of that namespace, which is now the thread's root.
  context.whole = false;
  context.rootfs = static_cast<int>(context.call(__NR_openat, kAtCwd, "/", kPath | O_DIRECTORY | O_CLOEXEC, 0));
  return context.rootfs < 0 ? context.rootfs : 0;
}

int execute(Context& context, const plan::op::Loopback&) {
  const auto socket = static_cast<int>(context.call(__NR_socket, kInet, kDatagram | O_CLOEXEC, 0));
  if (socket < 0) return socket;
  const InterfaceRequest request = {"lo", kUp | kRunning, {}};
  const long error = context.call(__NR_ioctl, socket, SIOCSIFFLAGS, &request);
  close_fd(socket);
  return static_cast<int>(error);
}

int execute(Context& context, const plan::op::Hostname& op) {
  if (op.name == nullptr) return context.refuse(EINVAL);
  const long error = context.call(__NR_sethostname, op.name, length_of(op.name));
  // In its own namespace only a filter of a container around refuses it.
  return error == -EPERM && op.optional != 0 ? 0 : static_cast<int>(error);
}

namespace {

// A procfs for one parameter. In a user namespace there is none for a thread, whose PID namespace is the host's; the
// host's shows the parameters of the thread's network namespace. After the pivot, `/proc` is the container's.
int own_proc(Context& context, const char* path) {
  const int proc = make_filesystem(context, "proc", nullptr, 0, kAttrNosuid | kAttrNodev | kAttrNoexec);
  if (proc != -EPERM || context.pivoted || !starts_with(path, "sys/net/")) return proc;
  return static_cast<int>(context.call(__NR_openat, kAtCwd, "/proc", kPath | O_DIRECTORY, 0));
}

// Writes a file of the procfs in a slot, or of a procfs of its own.
int set_in_proc(Context& context, uint32_t slot, const char* path, const char* value) {
  const bool own = slot == plan::kNoSlot;
  const int proc = own ? own_proc(context, path) : context.slot(slot);
  if (proc < 0) return own ? proc : context.refuse(-proc);
  int result = open_parameter(context, proc, path);
  if (result >= 0) {
    const int file = result;
    result = write_parameter(context, file, value);
    close_fd(file);
  }
  if (own) close_fd(proc);
  return result;
}

}  // namespace

int execute(Context& context, const plan::op::Sysctl& op) {
  if (op.name == nullptr || op.value == nullptr) return context.refuse(EINVAL);
  ParameterPath path;
  to_path(op.name, &path);
  if (path.full()) return context.refuse(ENAMETOOLONG);
  if (leads_up(path.get())) return context.refuse(EINVAL);
  return set_in_proc(context, op.proc, path.get(), op.value);
}

int execute(Context& context, const plan::op::OomScore& op) {
  if (op.value == nullptr) return context.refuse(EINVAL);
  // A child of vfork has a score of its own, although it shares the memory of the program.
  return set_in_proc(context, op.proc, "self/oom_score_adj", op.value);
}

// The profile that the next execve changes to. A filter, capabilities and no_new_privs do not concern the change: it is
// made from no profile, or from one that confines nothing.
int execute(Context& context, const plan::op::AppArmor& op) {
  if (op.profile == nullptr) return context.refuse(EINVAL);
  Text<512> change;
  change.add("exec ");
  change.add(op.profile);
  if (change.full()) return context.refuse(ENAMETOOLONG);
  return set_in_proc(context, op.proc, "thread-self/attr/apparmor/exec", change.get());
}

}  // namespace orlop::init
