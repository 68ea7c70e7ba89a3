#include "archive/whiteout.h"

#include "archive/components.h"
#include "archive/names.h"
#include "archive/report.h"

namespace orlop::archive {

namespace {

constexpr std::string_view kPrefix = ".wh.";
constexpr std::string_view kMetaPrefix = ".wh..wh.";
constexpr std::string_view kOpaqueName = ".wh..wh..opq";

}  // namespace

Whiteout whiteout_of(const std::string& name) {
  Split split = split_name(name);
  bool ignored = false;
  each_component(split.parent, [&](std::string_view component) {
    if (component.starts_with(kMetaPrefix)) {
      ignored = true;
    } else if (component.starts_with(kPrefix)) {
      refuse("whiteout");
    }
    return true;
  });
  if (ignored) return Whiteout::kIgnored;
  if (!split.last.starts_with(kPrefix)) return Whiteout::kNone;
  if (split.last == kOpaqueName) return Whiteout::kOpaque;
  if (split.last.starts_with(kMetaPrefix)) return Whiteout::kIgnored;
  std::string_view hidden = std::string_view(split.last).substr(kPrefix.size());
  if (hidden.empty() || hidden == "." || hidden == "..") refuse("whiteout");
  return Whiteout::kRemoved;
}

bool has_whiteout(const std::string& name) {
  return !each_component(name, [](std::string_view component) { return !component.starts_with(kPrefix); });
}

std::string whiteout_name(const std::string& prefix, const std::string& last) {
  return prefix + std::string(kPrefix) + last;
}

std::string opaque_name(const std::string& prefix) { return prefix + std::string(kOpaqueName); }

}  // namespace orlop::archive
