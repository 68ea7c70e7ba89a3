// Components of a path.
#pragma once

#include <string_view>

namespace orlop::archive {

// Calls `visit` for each component; stops when it returns false.
template <typename Visit>
bool each_component(std::string_view path, Visit visit) {
  while (!path.empty()) {
    size_t end = path.find('/');
    std::string_view component = path.substr(0, end);
    path = end == std::string_view::npos ? std::string_view{} : path.substr(end + 1);
    if (component.empty() || component == ".") continue;
    if (!visit(component)) return false;
  }
  return true;
}

}  // namespace orlop::archive
