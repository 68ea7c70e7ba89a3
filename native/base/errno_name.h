// The name of an errno (`ENOENT`): strerrorname_np(3) needs a newer glibc than our floor.
#pragma once

namespace orlop {

// "EUNKNOWN" for a number without a name.
const char* errno_name(int error);

}  // namespace orlop
