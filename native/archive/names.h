// Checks of names in an archive. Pure.
#pragma once

#include <string>
#include <string_view>

namespace orlop::archive {

// The name without a leading `/`, without `.` and empty components: relative to the root, the root itself is empty.
// Refuses `..`, and what is too long or too deep.
std::string clean_name(std::string_view raw);

struct Split {
  std::string parent;
  std::string last;
};
Split split_name(const std::string& name);

// True if a symbolic link in directory `base` stays below the root with any other such links: relative, `..` only at
// the front, and not more of them than `base` is deep.
bool stays_inside(std::string_view base, std::string_view target);

// Refuses headers (extended ones in front of an entry included) whose names contain a NUL: other programs would read
// another name than we do.
void check_headers(std::string_view blocks);

}  // namespace orlop::archive
