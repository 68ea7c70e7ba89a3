// Finds the program inside the container, and executes it.
#include "init/ops.h"
#include "init/program.h"

namespace orlop::init {
namespace {

// As execvp: after a missing or refused file, the next directory of the search path is tried.
bool leads_on(int error) {
  return error == -ENOENT || error == -ENOTDIR || error == -EACCES || error == -ESTALE || error == -ENODEV ||
         error == -ETIMEDOUT;
}

char** list_pointers(plan::Strings strings, char** to) {
  for (uint32_t i = 0; i < strings.count; i++) *to++ = const_cast<char*>(strings[i]);
  *to++ = nullptr;
  return to;
}

// Builds the arguments as the kernel does for a chain of scripts: from the last interpreter to the path of the first
// file, which replaces argv[0]. They are put in front of `argv`, which has room.
char** expand(const Program& program, const char* path, char** argv) {
  if (program.scripts == 0) return argv;
  *argv = const_cast<char*>(path);
  for (uint32_t i = 0; i < program.scripts; i++) {
    const Script& script = program.script[i];
    if (script.argument != nullptr) *--argv = const_cast<char*>(script.argument);
    *--argv = const_cast<char*>(script.interpreter);
  }
  return argv;
}

// Executes by path, so that the process has the name that the caller wrote. If other processes could change the path,
// the checked file itself is executed, with the interpreters of scripts as arguments: execve would look the
// interpreters up again.
long run_program(Context& context, const Program& program, const char* path, char** argv, char** env) {
  if (!program.shared) return context.call(__NR_execve, path, argv, env);
  char* const name = *argv;
  char** const expanded = expand(program, path, argv);
  long error;
  if (program.file >= 0) {
    error = context.call(__NR_execveat, program.file, "", expanded, env, kAtEmptyPath);
  } else {
    error = context.call(__NR_execve, program.script[program.scripts - 1].interpreter, expanded, env);
  }
  *argv = name;
  return error;
}

}  // namespace

int execute(Context& context, const plan::op::Exec& op) {
  if (op.candidates.count == 0) return context.refuse(ENOENT);
  if (context.rootfs < 0) return context.refuse(EBADF);
  if (op.argv.count == 0) return context.refuse(EINVAL);
  if (plan::pointers_for(op) > context.start.pointer_count) return context.refuse(E2BIG);
  char** const argv = context.start.pointers + plan::kMaxScriptWords;
  char** const env = list_pointers(op.argv, argv);
  list_pointers(op.env, env);

  int refused = 0;  // the first EACCES, and its candidate: it explains more than a later ENOENT
  uint16_t refused_call = kNoCall;
  uint32_t refused_candidate = 0;
  int error = -ENOENT;
  for (uint32_t i = 0; i < op.candidates.count; i++) {
    context.detail = i;
    Program program;
    error = inspect(context, op.candidates[i], &program);
    if (error == 0) {
      error = limit_open_files(context);
      if (error == 0) error = load_waiting_filter(context);
      if (error != 0) return error;
      error = static_cast<int>(run_program(context, program, op.candidates[i], argv, env));
    }
    close_fd(program.file);
    // The program exists, so its interpreter is missing. No other candidate is tried.
    if (error == -ENOENT && program.found) return error;
    if (!leads_on(error)) return error;
    if (error == -EACCES && refused == 0) {
      refused = error;
      refused_call = context.last_call;
      refused_candidate = i;
    }
  }
  if (refused == 0) return error;
  context.last_call = refused_call;
  context.detail = refused_candidate;
  return refused;
}

int execute(Context& context, const plan::op::ExecFile& op) {
  const int file = context.slot(op.file);
  if (file < 0) return context.refuse(-file);
  if (op.argv.count == 0) return context.refuse(EINVAL);
  if (plan::pointers_for(op) > context.start.pointer_count) return context.refuse(E2BIG);
  char** const argv = context.start.pointers;
  char** const env = list_pointers(op.argv, argv);
  *env = nullptr;
  return static_cast<int>(context.call(__NR_execveat, file, "", argv, env, kAtEmptyPath));
}

}  // namespace orlop::init
