// Credentials of the process. They are per thread: the caller keeps its own.
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/prctl.h>
#include <linux/seccomp.h>

#include "init/ops.h"

namespace orlop::init {
namespace {

// Until execve this process shares its caller's memory. After a change of credentials, another process of the new user
// could read that memory through it. So the memory becomes non-dumpable; the caller restores it after its last start in
// flight.
int guard(Context& context) {
  if (context.guarded) return 0;
  const long error = context.call(__NR_prctl, PR_SET_DUMPABLE, 0, 0, 0, 0);
  if (error < 0) return static_cast<int>(error);
  context.guarded = true;
  return 0;
}

// Where fs.suid_dumpable is 1, a change of the user has made the memory dumpable again. It is undone while the process
// still holds capabilities, which keep its new user from it. Another start at the same time may hold none any more, so
// memory that starts share is not left to this.
int guard_again(Context& context, uint32_t uid) {
  const long dumpable = context.call(__NR_prctl, PR_GET_DUMPABLE, 0, 0, 0, 0);
  if (dumpable != 1) return dumpable < 0 ? static_cast<int>(dumpable) : 0;
  const long error = context.call(__NR_prctl, PR_SET_DUMPABLE, 0, 0, 0, 0);
  if (error < 0) return static_cast<int>(error);
  return uid == 0 || context.start.own_memory ? 0 : context.refuse(EOPNOTSUPP);
}

int drop_bounding(Context& context, uint64_t set) {
  for (uint32_t capability = 0; capability < 64; capability++) {
    if ((set >> capability & 1) != 0) continue;
    const long error = context.call(__NR_prctl, PR_CAPBSET_DROP, capability, 0, 0, 0);
    // The kernel has no higher capability.
    if (error == -EINVAL) return 0;
    if (error < 0) return static_cast<int>(error);
  }
  return 0;
}

int raise_ambient(Context& context, uint64_t set) {
  long error = context.call(__NR_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  for (uint32_t capability = 0; error == 0 && capability < 64; capability++) {
    if ((set >> capability & 1) == 0) continue;
    error = context.call(__NR_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0);
  }
  return static_cast<int>(error);
}

int set_groups(Context& context, plan::Numbers groups) {
  const long error = context.call(__NR_setgroups, groups.count, groups.data);
  // In a user namespace of an ordinary user, the change is refused.
  const bool own_users = (context.plan.header().namespaces & kNewUser) != 0;
  if (error == -EPERM && groups.count == 0 && own_users) return 0;
  return static_cast<int>(error);
}

int load_filter(Context& context, plan::Blob filter) {
  const sock_fprog program = {static_cast<uint16_t>(filter.size / sizeof(sock_filter)),
                              reinterpret_cast<sock_filter*>(const_cast<uint8_t*>(filter.data))};
  return static_cast<int>(context.call(__NR_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program));
}

}  // namespace

int execute(Context& context, const plan::op::Bounding& op) {
  int error = guard(context);
  if (error == 0) error = drop_bounding(context, op.set);
  if (error != 0) return error;
  // The permitted set stays over the change of the user; `capabilities` reduces it.
  return static_cast<int>(context.call(__NR_prctl, PR_SET_KEEPCAPS, 1, 0, 0, 0));
}

int execute(Context& context, const plan::op::Ids& op) {
  long error = guard(context);
  if (error == 0) error = set_groups(context, op.groups);
  if (error == 0) error = context.call(__NR_setresgid, op.gid, op.gid, op.gid);
  if (error == 0) error = context.call(__NR_setresuid, op.uid, op.uid, op.uid);
  if (error == 0) error = guard_again(context, op.uid);
  return static_cast<int>(error);
}

int execute(Context& context, const plan::op::Capabilities& op) {
  const int error = guard(context);
  if (error != 0) return error;
  const __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  const auto low = [](uint64_t set) { return static_cast<uint32_t>(set); };
  const auto high = [](uint64_t set) { return static_cast<uint32_t>(set >> 32); };
  const __user_cap_data_struct sets[2] = {{low(op.effective), low(op.permitted), low(op.inheritable)},
                                          {high(op.effective), high(op.permitted), high(op.inheritable)}};
  const long set = context.call(__NR_capset, &header, sets);
  return set < 0 ? static_cast<int>(set) : raise_ambient(context, op.ambient);
}

int execute(Context& context, const plan::op::NoNewPrivileges&) {
  const long error = context.call(__NR_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  context.no_new_privileges = error == 0;
  return static_cast<int>(error);
}

// With no_new_privs a filter can be loaded at any time, so it waits until the program is found: a strict filter then
// must allow execve, but no call of that search. Without, loading needs a capability that may be gone later.
int execute(Context& context, const plan::op::Seccomp& op) {
  const bool whole = op.program.size != 0 && op.program.size % sizeof(sock_filter) == 0;
  // The kernel takes the length as 16 bits.
  if (!whole || op.program.size / sizeof(sock_filter) > BPF_MAXINSNS) return context.refuse(EINVAL);
  if (!context.no_new_privileges) return load_filter(context, op.program);
  // Of several, each is loaded, and the last one waits.
  const int error = load_waiting_filter(context);
  if (error != 0) return error;
  context.filter = op.program;
  context.filter_op = context.op;
  return 0;
}

int load_waiting_filter(Context& context) {
  if (context.filter.size == 0) return 0;
  const int error = load_filter(context, context.filter);
  context.filter = {};
  if (error != 0) context.op = context.filter_op;
  return error;
}

}  // namespace orlop::init
