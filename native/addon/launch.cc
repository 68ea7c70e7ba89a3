#include "addon/launch.h"

#include <fcntl.h>
#include <sched.h>

#include <cerrno>
#include <memory>
#include <string>
#include <utility>

#include "addon/changes.h"
#include "addon/deferred.h"
#include "addon/environment.h"
#include "addon/errors.h"
#include "addon/process.h"
#include "addon/values.h"
#include "base/clock.h"
#include "base/errno_name.h"
#include "fs/changes.h"
#include "launch/features.h"
#include "launch/launcher.h"
#include "launch/start.h"
#include "launch/syscall_name.h"
#include "plan/reader.h"

namespace orlop::addon {
namespace {

using launch::StartRequest;
using launch::StartResult;
using Outcome = StartResult::Outcome;

Napi::Value error_of(Napi::Env env, const std::string& message) { return Napi::TypeError::New(env, message).Value(); }

// Above the numbers of stdin, stdout and stderr, so that putting one of those in place overwrites no other.
Failure duplicate(const Napi::Value& number, UniqueFd& out) {
  const auto fd = as_number(number);
  if (!fd) return {EBADF, "fcntl"};
  out.reset(fcntl(static_cast<int>(*fd), F_DUPFD_CLOEXEC, 3));
  return out ? Failure{} : failed("fcntl");
}

// Writes the record of the application that has been started; null when it is not told how.
std::function<Failure(const launch::Process&)> recorder(const Napi::Object& record) {
  const auto path = as_text(value_at(record, "path"));
  const auto head = as_text(value_at(record, "head")), tail = as_text(value_at(record, "tail"));
  if (!path || !head || !tail) return nullptr;
  return [path = *path, head = *head, tail = *tail](const launch::Process& process) {
    const auto time = process.start_time();
    const std::string start_time = time ? '"' + std::to_string(*time) + '"' : "null";
    const std::string identity = "\"pid\":" + std::to_string(process.pid()) + ",\"startTime\":" + start_time;
    return fs::replace_file(path, head + identity + tail, 0600);
  };
}

// Fills in the request. Undefined, or the error to reject with.
Napi::Value read_options(Napi::Env env, const Napi::Value& value, StartRequest& request) {
  if (!value.IsObject()) return error_of(env, "the options of a launch are an object");
  const auto options = value.As<Napi::Object>();
  const Napi::Value descriptors = value_at(options, "descriptors");
  if (!descriptors.IsArray()) return error_of(env, "descriptors is an array");
  const auto list = descriptors.As<Napi::Array>();
  const plan::Header& header = plan::View(request.plan.data()).header();
  if (list.Length() != header.supplied) {
    return error_of(env, "the plan wants " + std::to_string(header.supplied) + " descriptors, not " +
                             std::to_string(list.Length()));
  }
  for (uint32_t i = 0; i < list.Length(); ++i) {
    const Failure failure = duplicate(value_at(list, i), request.supplied.emplace_back());
    if (failure) return system_error(env, failure).Value();
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
    if (record.IsObject()) request.started = recorder(record.As<Napi::Object>());
    if (!request.started) return error_of(env, "a record is a path, a head and a tail");
  }
  request.maps.uid_map = as_text(value_at(options, "uidMap")).value_or("");
  request.maps.gid_map = as_text(value_at(options, "gidMap")).value_or("");
  return env.Undefined();
}

void settle(Napi::Env env, const Deferred& deferred, const StartResult& result) {
  if (result.outcome == Outcome::kNoProcess) {
    deferred.reject(system_error(env, result.failure).Value());
    return;
  }
  Napi::Object object = Napi::Object::New(env);
  object.Set("process",
             result.outcome == Outcome::kStarted ? Napi::Value(process_object(env, result.process)) : env.Null());
  object.Set("failure",
             result.outcome == Outcome::kRefused ? Napi::Value(failure_object(env, result.report)) : env.Null());
  object.Set("died", result.outcome == Outcome::kDied ? Napi::Value(exit_object(env, result.exit)) : env.Null());
  object.Set("times", times_object(env, {result.called, result.cloned, result.entered, result.returned}, result.ops));
  deferred.resolve(object);
}

// On a launcher thread, with a result that goes to JavaScript.
void deliver(const std::shared_ptr<Environment>& environment, const Deferred& deferred,
             const std::shared_ptr<launch::Start>& start, StartResult result) {
  if (result.process != nullptr && start->death_signal() != 0) {
    environment->bind_life(result.process, start->death_signal());
  }
  environment->post([environment, deferred, start, result = std::move(result)](Napi::Env env) {
    environment->remove_start(start);
    environment->release(env);
    settle(env, deferred, result);
  });
}

Napi::Value launch(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  StartRequest request{.called = monotonic_ns()};
  const Deferred deferred(env);
  const std::string malformed = read_plan(info[0], request.plan);
  Napi::Value wrong = malformed.empty() ? env.Undefined() : error_of(env, malformed);
  if (wrong.IsUndefined()) wrong = read_options(env, info[1], request);
  if (wrong.IsUndefined() && !info[2].IsObject()) wrong = error_of(env, "the token of a launch is an object");
  if (!wrong.IsUndefined()) return deferred.rejected(wrong);
  const auto start = std::make_shared<launch::Start>(std::move(request));
  const auto environment = Environment::of(env);
  const Failure failure = launch::Launcher::instance().submit(
      start,
      [environment, deferred, start](StartResult result) { deliver(environment, deferred, start, std::move(result)); });
  if (failure) return deferred.rejected(system_error(env, failure).Value());
  environment->hold(env);
  environment->add_start(info[2].As<Napi::Object>(), start);
  return deferred.promise();
}

Napi::Value cancel(const Napi::CallbackInfo& info) {
  if (info[0].IsObject()) Environment::of(info.Env())->cancel(info[0].As<Napi::Object>());
  return info.Env().Undefined();
}

Napi::Value features(const Napi::CallbackInfo& info) { return Napi::Number::New(info.Env(), launch::features()); }

}  // namespace

Napi::Object failure_object(Napi::Env env, const init::Report& report) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("step", Napi::Number::New(env, report.step));
  object.Set("syscall", report.call == 0xffff ? "" : launch::syscall_name(report.call));
  object.Set("op", Napi::Number::New(env, report.op));
  object.Set("errno", Napi::Number::New(env, report.error));
  object.Set("code", errno_name(report.error));
  object.Set("detail", Napi::Number::New(env, report.detail));
  return object;
}

// Nanoseconds since boot fit a double's 53 bits for a hundred days and are off by one or two after that.
Napi::Object times_object(Napi::Env env, const Moments& moments, const std::vector<uint64_t>& ops) {
  Napi::Object times = Napi::Object::New(env);
  times.Set("called", static_cast<double>(moments.called));
  times.Set("cloned", static_cast<double>(moments.cloned));
  times.Set("entered", static_cast<double>(moments.entered));
  auto list = Napi::Float64Array::New(env, ops.size());
  // None, and nowhere to write to, in a Worker that is being terminated.
  if (list.IsEmpty()) return times;
  for (size_t i = 0; i < ops.size(); ++i) list[i] = static_cast<double>(ops[i]);
  times.Set("ops", list);
  times.Set("returned", static_cast<double>(moments.returned));
  return times;
}

// A copy: JavaScript may write to the array while a thread reads it, after it was checked.
std::string read_plan(const Napi::Value& value, std::vector<uint8_t>& plan) {
  if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != napi_uint8_array) {
    return "a plan is a Uint8Array";
  }
  const auto bytes = value.As<Napi::Uint8Array>();
  plan.assign(bytes.Data(), bytes.Data() + bytes.ByteLength());
  const plan::Verdict verdict = plan::Check(plan.data(), plan.size());
  if (verdict.fault == plan::Fault::kNone) return "";
  return "the plan is not well formed: fault " + std::to_string(static_cast<uint32_t>(verdict.fault)) +
         " at operation " + std::to_string(verdict.op);
}

void add_launch_functions(Napi::Env env, Napi::Object exports) {
  exports.Set("features", Napi::Function::New(env, features, "features"));
  exports.Set("launch", Napi::Function::New(env, launch, "launch"));
  exports.Set("cancel", Napi::Function::New(env, cancel, "cancel"));
}

}  // namespace orlop::addon
