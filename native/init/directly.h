// Attaches with one call instead of four.
#pragma once

#include "init/context.h"

namespace orlop::init {

// Attaches a mount at a directory on the root's own mount, below directories only. False if the target is another file,
// is missing, or cannot take the mount: then nothing was done, and `attach` finds the reason.
bool attach_directly(Context& context, int mount, const plan::op::Attach& op);

// Drops the cached directory, after another kind of attachment.
void forget_parent(Context& context);

}  // namespace orlop::init
