// One function for each operation of the plan: 0, or a negated errno. An operation without one does not link.
#pragma once

#include "init/context.h"

namespace orlop::init {

#define OP(code, identifier, name, fields) int Execute(Context& context, const plan::op::identifier& op);
#include "plan/ops.def"
#undef OP

}  // namespace orlop::init
