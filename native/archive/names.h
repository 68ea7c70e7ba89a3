// Checks of names in an archive. Pure.
#pragma once

#include <string>
#include <string_view>

namespace orlop::archive {

// The name relative to the root, without `.` and empty components. The root itself is empty. Refuses `..`, and names
// that are too long or too deep.
std::string clean_name(std::string_view raw);

struct Split {
  std::string parent;
  std::string last;
};
Split split_name(const std::string& name);

// True if a symbolic link in directory `base` stays below the root, also together with other such links: it is
// relative, has `..` only at the front, and not more of them than `base` is deep.
bool stays_inside(std::string_view base, std::string_view target);

// Refuses headers, extended ones included, whose names contain a NUL: other programs would read another name.
void check_headers(std::string_view blocks);

}  // namespace orlop::archive
