#include "addon/launch_request.h"

#include <fcntl.h>

#include <cerrno>
#include <functional>

#include "addon/changes.h"
#include "addon/errors.h"
#include "addon/launch.h"
#include "addon/supplies.h"
#include "addon/values.h"
#include "fs/changes.h"
#include "plan/reader.h"

namespace orlop::addon {
namespace {

using launch::StartRequest;

Napi::Value error_of(Napi::Env env, const std::string& message) { return Napi::TypeError::New(env, message).Value(); }

// Writes the record of the application that has been started; null when it is not told how.
std::function<Failure(const launch::Process&)> recorder(const Napi::Value& value) {
  const auto record = read_record(value);
  if (!record) return nullptr;
  return [record = *record](const launch::Process& process) { return write_record(record, process); };
}

// What the plan gets first: the caller's descriptors, then those that become the launch's. These do so whatever comes
// of the launch. Undefined, or the error to reject with.
Napi::Value read_first(Napi::Env env, const Napi::Object& options, Launching& launching) {
  const Napi::Value descriptors = value_at(options, "descriptors");
  Napi::Value wrong = env.Undefined();
  if (!descriptors.IsArray()) {
    wrong = error_of(env, "descriptors is an array");
  } else {
    const Failure failure = read_supplies(descriptors.As<Napi::Array>(), launching.request.supplied);
    if (failure) wrong = system_error(env, failure).Value();
    launching.followed.outputs = outputs_of(launching.request.supplied);
  }
  if (!take_given(value_at(options, "given"), launching)) wrong = error_of(env, "given is an array of descriptors");
  return wrong;
}

// Fills in the rest of the request. Undefined, or the error to reject with.
Napi::Value read_options(Napi::Env env, const Napi::Object& options, Launching& launching) {
  StartRequest& request = launching.request;
  if (request.supplied.size() != plan::View(request.plan.data()).header().supplied) {
    return error_of(env, "the plan wants other descriptors than these " + std::to_string(request.supplied.size()));
  }
  if (const Napi::Value cgroup = value_at(options, "cgroup"); cgroup.IsNumber()) {
    const Failure failure = duplicate(cgroup, request.cgroup);
    if (failure) return system_error(env, failure).Value();
  }
  const auto features = as_number(value_at(options, "features"));
  if (!features) return error_of(env, "features are a number");
  request.features = static_cast<uint32_t>(*features);
  if (const Napi::Value before = value_at(options, "before"); !before.IsUndefined()) {
    fs::Changes changes;
    const std::string wrong = read_changes(before, changes);
    if (!wrong.empty()) return error_of(env, wrong);
    request.before = [changes = std::move(changes)] { return fs::apply(changes); };
  }
  if (const Napi::Value record = value_at(options, "record"); !record.IsUndefined()) {
    request.started = recorder(record);
    if (!request.started) return error_of(env, "a record is a path, a head and a tail");
  }
  const std::string wrong = read_finish(value_at(options, "finish"), launching.environment, launching.followed);
  if (!wrong.empty()) return error_of(env, wrong);
  if (launching.followed.ending != nullptr) {
    if (const Failure failure = prepare_to_follow(!launching.followed.ending->later.empty()))
      return system_error(env, failure).Value();
  }
  request.maps.uid_map = as_text(value_at(options, "uidMap")).value_or("");
  request.maps.gid_map = as_text(value_at(options, "gidMap")).value_or("");
  return env.Undefined();
}

}  // namespace

Napi::Value read_launch(const Napi::CallbackInfo& info, Launching& launching) {
  Napi::Env env = info.Env();
  if (!info[1].IsObject()) return error_of(env, "the options of a launch are an object");
  const auto options = info[1].As<Napi::Object>();
  const Napi::Value wrong = read_first(env, options, launching);
  const std::string malformed = read_plan(info[0], launching.request.plan);
  if (!malformed.empty()) return error_of(env, malformed);
  if (!wrong.IsUndefined()) return wrong;
  if (!info[2].IsObject()) return error_of(env, "the token of a launch is an object");
  return read_options(env, options, launching);
}

std::optional<Record> read_record(const Napi::Value& value) {
  if (!value.IsObject()) return std::nullopt;
  const auto record = value.As<Napi::Object>();
  const auto path = as_text(value_at(record, "path"));
  const auto head = as_text(value_at(record, "head")), tail = as_text(value_at(record, "tail"));
  if (!path || !head || !tail) return std::nullopt;
  return Record{*path, *head, *tail};
}

Failure write_record(const Record& record, const launch::Process& process) {
  const auto time = process.start_time();
  const std::string start_time = time ? '"' + std::to_string(*time) + '"' : "null";
  const std::string identity = "\"pid\":" + std::to_string(process.pid()) + ",\"startTime\":" + start_time;
  return fs::replace_file(record.path, record.head + identity + record.tail, 0600);
}

bool take_given(const Napi::Value& value, Launching& launching) {
  if (value.IsUndefined()) return true;
  if (!value.IsArray()) return false;
  const auto list = value.As<Napi::Array>();
  bool numbers = true;
  for (uint32_t i = 0; i < list.Length(); ++i) {
    const auto number = as_number(value_at(list, i));
    numbers = numbers && number.has_value();
    if (!number) continue;
    UniqueFd given(static_cast<int>(*number));
    launching.environment->take_back(given.get());
    UniqueFd& fd = launching.request.supplied.emplace_back().fd;
    // As in `duplicate`: they have such numbers where the program has closed its own streams.
    if (given.get() < 3) {
      fd.reset(fcntl(given.get(), F_DUPFD_CLOEXEC, 3));
    } else {
      fd = std::move(given);
    }
  }
  return numbers;
}

// A copy: JavaScript may write to the array while a thread reads it, after it was checked.
std::string read_plan(const Napi::Value& value, std::vector<uint8_t>& plan) {
  if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != napi_uint8_array) {
    return "a plan is a Uint8Array";
  }
  const auto bytes = value.As<Napi::Uint8Array>();
  plan.assign(bytes.Data(), bytes.Data() + bytes.ByteLength());
  return check_plan(plan);
}

std::string check_plan(const std::vector<uint8_t>& plan) {
  const plan::Verdict verdict = plan::check(plan.data(), plan.size());
  if (verdict.fault == plan::Fault::kNone) return "";
  return "the plan is not well formed: fault " + std::to_string(static_cast<uint32_t>(verdict.fault)) +
         " at operation " + std::to_string(verdict.op);
}

}  // namespace orlop::addon
