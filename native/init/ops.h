// One function for each operation of the plan: 0, or a negated errno. An operation without one does not link.
#pragma once

#include "init/context.h"

namespace orlop::init {

#define OP(code, identifier, name, fields) int execute(Context& context, const plan::op::identifier& op);
#include "plan/ops.def"
#undef OP

// Sets the limit of open files that `rlimit` left for the moment before execve, if there is one.
int limit_open_files(Context& context);

// Loads the filter that `seccomp` left for the moment before execve, if there is one.
int load_waiting_filter(Context& context);

}  // namespace orlop::init
