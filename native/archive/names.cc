#include "archive/names.h"

#include <algorithm>
#include <charconv>
#include <cstdint>

#include "archive/components.h"
#include "archive/limits.h"
#include "archive/report.h"

namespace orlop::archive {

namespace {

// A number of a tar header: octal digits, or base 256 when the first bit is set.
uint64_t header_number(std::string_view field) {
  uint64_t value = 0;
  if (static_cast<unsigned char>(field[0]) & 0x80) {
    for (char byte : field.substr(field.size() - 8)) value = value << 8 | static_cast<unsigned char>(byte);
    return value;
  }
  for (char digit : field) {
    if (digit >= '0' && digit <= '7') value = value * 8 + static_cast<uint64_t>(digit - '0');
  }
  return value;
}

void check_pax_records(std::string_view records) {
  while (!records.empty()) {
    size_t length = 0;
    auto [end, error] = std::from_chars(records.data(), records.data() + records.size(), length);
    size_t digits = static_cast<size_t>(end - records.data());
    if (error != std::errc{} || length <= digits + 1 || length > records.size()) return;  // libarchive refuses these
    std::string_view record = records.substr(digits + 1, length - digits - 1);
    records = records.substr(length);
    size_t equals = record.find('=');
    if (equals == std::string_view::npos) continue;
    std::string_view key = record.substr(0, equals);
    if (key.find('\0') != std::string_view::npos) refuse("nul");
    bool names = key == "path" || key == "linkpath" || key == "GNU.sparse.name";
    if (names && record.find('\0') != std::string_view::npos) refuse("nul");
  }
}

}  // namespace

std::string clean_name(std::string_view raw) {
  std::string out;
  size_t depth = 0;
  each_component(raw, [&](std::string_view component) {
    if (component == "..") refuse("traversal");
    if (component.size() > kMaxComponent) refuse("component-too-long");
    if (++depth > kMaxDepth) refuse("too-deep");
    if (!out.empty()) out.push_back('/');
    out.append(component);
    if (out.size() > kMaxPath) refuse("path-too-long");
    return true;
  });
  return out;
}

Split split_name(const std::string& name) {
  size_t slash = name.rfind('/');
  if (slash == std::string::npos) return {"", name};
  return {name.substr(0, slash), name.substr(slash + 1)};
}

bool stays_inside(std::string_view base, std::string_view target) {
  if (target.starts_with('/')) return false;
  size_t depth = 0;
  each_component(base, [&](std::string_view) { return ++depth > 0; });
  bool descended = false;
  return each_component(target, [&](std::string_view component) {
    if (component != "..") return descended = true;
    return !descended && depth-- > 0;
  });
}

void check_headers(std::string_view blocks) {
  while (blocks.size() >= 512) {
    char type = blocks[156];
    bool extension = type == 'x' || type == 'g' || type == 'X' || type == 'L' || type == 'K';
    if (!extension) return;
    uint64_t size = header_number(blocks.substr(124, 12));
    blocks = blocks.substr(512);
    if (size > blocks.size()) return;
    if (type == 'x' || type == 'g' || type == 'X') check_pax_records(blocks.substr(0, size));
    blocks = blocks.substr(std::min<uint64_t>(blocks.size(), (size + 511) / 512 * 512));
  }
}

}  // namespace orlop::archive
