#include "addon/slot_sources.h"

#include <fcntl.h>

#include <cerrno>
#include <iterator>

#include "addon/values.h"

namespace orlop::addon {
namespace {

using Kind = launch::SlotSource::Kind;

Failure read_source(const Napi::Value& value, launch::SlotSource& source) {
  constexpr Kind kKinds[] = {Kind::kNothingToRead, Kind::kNothingToWrite, Kind::kPipeToApplication,
                             Kind::kPipeFromApplication, Kind::kSameAsBefore};
  const auto number = as_number(value);
  if (!number || *number < -static_cast<int64_t>(std::size(kKinds))) return {EBADF, "fcntl", ""};
  if (*number >= 0) return duplicate(value, source.fd);
  source.kind = kKinds[-1 - *number];
  return {};
}

}  // namespace

Failure duplicate(const Napi::Value& number, UniqueFd& out) {
  const auto fd = as_number(number);
  if (!fd) return {EBADF, "fcntl", ""};
  out.reset(fcntl(static_cast<int>(*fd), F_DUPFD_CLOEXEC, 3));
  return out ? Failure{} : failed("fcntl");
}

Failure read_sources(const Napi::Array& list, std::vector<launch::SlotSource>& sources) {
  for (uint32_t i = 0; i < list.Length(); ++i) {
    if (Failure failure = read_source(value_at(list, i), sources.emplace_back())) return failure;
  }
  return {};
}

std::vector<bool> outputs_of(const std::vector<launch::SlotSource>& sources) {
  std::vector<bool> outputs;
  for (const launch::SlotSource& source : sources) {
    if (source.kind == Kind::kPipeToApplication) outputs.push_back(false);
    if (source.kind == Kind::kPipeFromApplication) outputs.push_back(true);
  }
  return outputs;
}

}  // namespace orlop::addon
