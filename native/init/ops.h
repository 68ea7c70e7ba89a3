// One function for each operation of the plan: 0, or a negated errno. An operation without one does not link.
#pragma once

#include "init/context.h"

namespace orlop::init {

#define OP(code, identifier, name, fields) int execute(Context& context, const plan::op::identifier& op);
#include "plan/ops.def"
#undef OP

// Sets the limit of open files that `rlimit` deferred until before execve, if any.
int limit_open_files(Context& context);

// Loads the filter that `seccomp` deferred until before execve, if any.
int load_waiting_filter(Context& context);

}  // namespace orlop::init
