// The hand-over: finds the program inside the container and becomes it.
#include "init/ops.h"
#include "init/program.h"

namespace orlop::init {
namespace {

// As execvp: what is not there, or may not be run, leads on to the next directory of the search path.
bool LeadsOn(int error) {
  return error == -ENOENT || error == -ENOTDIR || error == -EACCES || error == -ESTALE || error == -ENODEV ||
         error == -ETIMEDOUT;
}

char** Pointers(plan::Strings strings, char** to) {
  for (uint32_t i = 0; i < strings.count; i++) *to++ = const_cast<char*>(strings[i]);
  *to++ = nullptr;
  return to;
}

}  // namespace

int Execute(Context& context, const plan::op::Exec& op) {
  if (op.candidates.count == 0) return context.Refuse(ENOENT);
  // A plan without a container (the start of orlop-init) executes a program of the host.
  if (context.rootfs < 0) context.rootfs = static_cast<int>(context.Call(__NR_openat, kAtCwd, "/", kPath, 0));
  if (context.rootfs < 0) return context.rootfs;
  if (op.argv.count + op.env.count + 2 > context.start.pointer_count) return context.Refuse(E2BIG);
  char** const argv = context.start.pointers;
  char** const env = Pointers(op.argv, argv);
  Pointers(op.env, env);

  int refused = 0;  // the first EACCES, and whose it is: it tells more than a later ENOENT
  uint16_t refused_call = kNoCall;
  uint32_t refused_candidate = 0;
  int error = -ENOENT;
  for (uint32_t i = 0; i < op.candidates.count; i++) {
    context.detail = i;
    const Program program = Inspect(context, op.candidates[i]);
    error = program.error;
    if (error == 0) {
      const int unfiltered = LoadWaitingFilter(context);
      if (unfiltered != 0) return unfiltered;
      error = static_cast<int>(context.Call(__NR_execve, op.candidates[i], argv, env));
    }
    // The program is there, so it is its interpreter that is not: no other candidate would be the one that was meant.
    if (error == -ENOENT && program.error == 0) return error;
    if (!LeadsOn(error)) return error;
    if (error == -EACCES && refused == 0) {
      refused = error;
      refused_call = context.call;
      refused_candidate = i;
    }
  }
  if (refused == 0) return error;
  context.call = refused_call;
  context.detail = refused_candidate;
  return refused;
}

}  // namespace orlop::init
