// Names of errno values (`ENOENT`): strerrorname_np(3) needs a newer glibc than the addon's minimum.
#pragma once

namespace orlop {

// "EUNKNOWN" for a number without a name.
const char* errno_name(int error);

}  // namespace orlop
