// The short way to a mount point: one call where the general one takes four.
#pragma once

#include "init/context.h"

namespace orlop::init {

// Attaches a tree at a directory that lies on the root's own mount, with nothing but directories on the way. False when
// it does not, is missing, or cannot take the tree: then nothing was done, and the general way finds out why.
bool attach_directly(Context& context, int tree, const plan::op::Attach& op);

// What attach_directly found may be so no longer: something was attached in another way.
void forget_parent(Context& context);

}  // namespace orlop::init
