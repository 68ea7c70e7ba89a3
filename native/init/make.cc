// Operations that make mounts.
#include "init/mounts.h"
#include "init/ops.h"
#include "init/resolve.h"
#include "init/text.h"

namespace orlop::init {
namespace {

using Digits = Text<32>;

// Identity of a source.
inline constexpr uint32_t kAnyType = 0;
inline constexpr uint32_t kDirectoryType = 1;

// The device number as stat(2) of the C library and of Node shows it.
uint64_t device_number(uint64_t major, uint64_t minor) {
  return (minor & 0xff) | (major & 0xfff) << 8 | (minor & ~0xffull) << 12 | (major & ~0xfffull) << 32;
}

// The type too: ext4 gives the number of an inode that has gone to the next file, directory or not.
int check_identity(Context& context, int fd, const plan::op::Bind& op) {
  if (op.device == 0 && op.inode == 0) return 0;
  struct statx facts;
  // An opener cannot be killed, and the server of a mount made meanwhile may not answer. The kernel knows the identity
  // without asking the server.
  const int flags = kAtEmptyPath | (context.plan.opener() ? kAtStatxDontSync : 0);
  const long error = context.call(__NR_statx, fd, "", flags, STATX_TYPE | STATX_INO, &facts);
  if (error != 0) return static_cast<int>(error);
  const uint64_t device = device_number(facts.stx_dev_major, facts.stx_dev_minor);
  const bool same_file = device == op.device && facts.stx_ino == op.inode;
  const bool same_type = op.type == kAnyType || (op.type == kDirectoryType) == is_directory(facts);
  return same_file && same_type ? 0 : context.refuse(ESTALE);
}

int make_simple(Context& context, uint32_t slot, const char* type, uint32_t attributes) {
  const Option source = {"source", type};
  return context.fill(slot, make_filesystem(context, type, &source, context.detached() ? 1 : 0, attributes));
}

}  // namespace

int execute(Context& context, const plan::op::Propagation& op) {
  const unsigned long flag = propagation_flag(op.mode);
  if (flag == 0) return context.refuse(EINVAL);
  const unsigned long flags = flag | (op.recursive != 0 ? kMsRecursive : 0);
  return static_cast<int>(context.call(__NR_mount, nullptr, op.path, nullptr, flags, nullptr));
}

int execute(Context& context, const plan::op::Bind& op) {
  // The call that clones walks the path, once; then the result is compared.
  const int mount = clone_mount(context, {kAtCwd, op.source, 0}, op.recursive != 0, 0);
  if (mount < 0) return mount;
  const int error = check_identity(context, mount, op);
  if (error == 0) return context.fill(op.mount, mount);
  close_fd(mount);
  return error;
}

int execute(Context& context, const plan::op::Tmpfs& op) {
  Digits mode, size, inodes, uid, gid;
  mode.add('0').add_number(op.mode, 8);
  size.add_number(op.size);
  inodes.add_number(op.inodes);
  uid.add_number(op.uid);
  gid.add_number(op.gid);
  const Option options[] = {{"mode", mode.get()},
                            {op.size != 0 ? "size" : nullptr, size.get()},
                            {op.inodes != 0 ? "nr_inodes" : nullptr, inodes.get()},
                            {op.uid != 0 ? "uid" : nullptr, uid.get()},
                            {op.gid != 0 ? "gid" : nullptr, gid.get()},
                            {context.detached() ? "source" : nullptr, "tmpfs"}};
  constexpr uint32_t kCount = sizeof options / sizeof options[0];
  if (op.at == nullptr)
    return context.fill(op.mount, make_filesystem(context, "tmpfs", options, kCount, op.attributes));
  // An attached tmpfs is the scratch of all later mounts, so it cannot need one itself.
  int mount;
  if (context.detached()) {
    mount = make_filesystem(context, "tmpfs", options, kCount, op.attributes);
    if (mount < 0) return mount;
    const long error = context.call(__NR_move_mount, mount, "", kAtCwd, op.at, kMoveFromEmptyPath);
    if (error < 0) return static_cast<int>(error);
  } else {
    Text<256> data;
    data.add("mode=").add(mode.get());
    if (op.size != 0) data.add(",size=").add(size.get());
    if (op.inodes != 0) data.add(",nr_inodes=").add(inodes.get());
    if (op.uid != 0) data.add(",uid=").add(uid.get());
    if (op.gid != 0) data.add(",gid=").add(gid.get());
    mount = mount_at_path(context, op.at, "tmpfs", data.get(), op.attributes);
  }
  if (context.scratch < 0) context.scratch = mount;
  return context.fill(op.mount, mount);
}

int execute(Context& context, const plan::op::Proc& op) {
  context.proc = op.mount;
  return make_simple(context, op.mount, "proc", op.attributes);
}

int execute(Context& context, const plan::op::Sysfs& op) {
  return make_simple(context, op.mount, "sysfs", op.attributes);
}

int execute(Context& context, const plan::op::Mqueue& op) {
  return make_simple(context, op.mount, "mqueue", op.attributes);
}

int execute(Context& context, const plan::op::Cgroup& op) {
  return make_simple(context, op.mount, "cgroup2", op.attributes);
}

int execute(Context& context, const plan::op::Devpts& op) {
  Digits gid, mode, ptmx_mode;
  gid.add_number(op.gid);
  mode.add('0').add_number(op.mode, 8);
  ptmx_mode.add('0').add_number(op.ptmxMode, 8);
  const Option options[] = {{"newinstance", nullptr},
                            {"mode", mode.get()},
                            {"ptmxmode", ptmx_mode.get()},
                            {op.gid != 0 ? "gid" : nullptr, gid.get()},
                            {context.detached() ? "source" : nullptr, "devpts"}};
  return context.fill(op.mount,
                      make_filesystem(context, "devpts", options, sizeof options / sizeof options[0], op.attributes));
}

}  // namespace orlop::init
