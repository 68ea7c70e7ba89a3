#include "init/run.h"

#include <linux/time.h>

#include "init/context.h"
#include "init/ops.h"

namespace orlop::init {
namespace {

struct KernelTime {
  int64_t seconds;
  int64_t nanoseconds;
};

uint64_t read_clock(const Start& start) {
  if (start.clock != nullptr) return start.clock();
  KernelTime time = {};
  system_call(__NR_clock_gettime, CLOCK_MONOTONIC, &time);
  return static_cast<uint64_t>(time.seconds) * 1'000'000'000u + static_cast<uint64_t>(time.nanoseconds);
}

int execute_record(Context& context, uint32_t index) {
  switch (context.plan.code(index)) {
#define OP(code, identifier, name, fields) \
  case plan::Code::identifier:             \
    return execute(context, plan::read<plan::op::identifier>(context.plan, index));
#include "plan/ops.def"
#undef OP
  }
  return context.refuse(ENOSYS);
}

// Opens what older kernels need later, while the host's /proc is reachable.
int open_early(Context& context) {
  if (context.has(kFeatureCloseRange)) return 0;
  context.own_fds =
      static_cast<int>(context.call(__NR_openat, kAtCwd, "/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0));
  return context.own_fds < 0 ? context.own_fds : 0;
}

// Checks the plan before execution; false with the report filled.
bool accept_plan(const Start& start) {
  *start.report = Report{0, kNoCall, 0, 0, 0};
  const plan::Verdict verdict = plan::check(start.plan, start.size);
  if (verdict.fault == plan::Fault::kNone) return true;
  *start.report = Report{0, kNoCall, verdict.op, EINVAL, static_cast<uint32_t>(verdict.fault)};
  return false;
}

// Begins the records of a process: all, or those that an opener left to it.
bool enter(const Start& start) {
  const uint64_t now = read_clock(start);
  if (start.entered != nullptr) *start.entered = now;
  if (start.times[0] == 0) start.times[0] = now;
  return accept_plan(start);
}

bool executes(plan::Code code) { return code == plan::Code::Exec || code == plan::Code::ExecFile; }

// Executes the records up to `end`. 0, or the negated errno of the failed record, `context.op`.
int execute_records(Context& context, uint32_t end) {
  const Start& start = context.start;
  // Modes in a plan are exact; `umask` sets the application's umask near the end.
  system_call(__NR_umask, 0);
  int error = open_early(context);
  while (error == 0 && context.op < end) {
    if (start.executing != nullptr && executes(context.plan.code(context.op))) start.executing(start);
    error = execute_record(context, context.op);
    if (error == 0) start.times[++context.op] = read_clock(start);
  }
  return error;
}

void fill_report(const Context& context, int error) {
  const uint16_t step = context.op < context.plan.count() ? context.plan.record(context.op).code : uint16_t{0};
  *context.start.report = Report{step, context.last_call, context.op, -error, context.detail};
}

Context resume(const Start& start, const Carried& carried) {
  Context context{start, plan::View(start.plan)};
  context.rootfs = carried.rootfs;
  context.scratch = carried.scratch;
  context.places = carried.places;
  context.whole = carried.rootfs < 0;
  context.pivoted = carried.pivoted;
  if (context.plan.opener()) context.op = context.plan.header().prepare;
  return context;
}

}  // namespace

bool open(const Start& start) {
  start.times[0] = read_clock(start);
  if (!accept_plan(start)) return false;
  Context context{start, plan::View(start.plan)};
  // Without these calls a mount has to be attached, and all processes of the host would see it.
  int error = context.plan.opener() && context.detached() ? 0 : context.refuse(ENOSYS);
  if (error == 0) error = execute_records(context, context.plan.header().prepare);
  close_fd(context.own_fds);
  close_fd(context.rootfs);
  if (error != 0) fill_report(context, error);
  return error == 0;
}

bool prepare(const Start& start, Carried& carried) {
  if (!enter(start)) return false;
  Context context = resume(start, carried);
  int error = execute_records(context, context.plan.count());
  // There is no `exec` that the filter could wait for.
  if (error == 0) error = load_waiting_filter(context);
  close_fd(context.own_fds);
  if (error != 0) {
    fill_report(context, error);
    return false;
  }
  carried = {context.rootfs, context.scratch, context.places, context.pivoted};
  return true;
}

void run(const Start& start, const Carried& carried) {
  if (!enter(start)) return;
  Context context = resume(start, carried);
  int error = execute_records(context, context.plan.count());
  // A plan without exec has started nothing.
  if (error == 0) error = context.refuse(ENOEXEC);
  fill_report(context, error);
}

}  // namespace orlop::init
