#include "addon/launch.h"

#include <memory>
#include <utility>
#include <vector>

#include "addon/after_exit.h"
#include "addon/deferred.h"
#include "addon/environment.h"
#include "addon/errors.h"
#include "addon/launch_request.h"
#include "addon/process.h"
#include "addon/site.h"
#include "base/clock.h"
#include "base/errno_name.h"
#include "launch/launcher.h"
#include "launch/start.h"
#include "launch/syscall_name.h"

namespace orlop::addon {
namespace {

using launch::StartResult;
using Outcome = StartResult::Outcome;

// Report of a start.
struct Report {
  std::shared_ptr<Environment> environment;
  Deferred deferred;
  std::weak_ptr<AfterExit> after_exit;  // weak: it may hold this report
  std::shared_ptr<launch::Start> start;
  std::shared_ptr<StartResult> result;
};

Napi::Object result_object(Napi::Env env, const Report& report) {
  const StartResult& result = *report.result;
  const auto none = env.Null();
  const Outcome outcome = result.outcome;
  Napi::Object object = Napi::Object::New(env);
  object.Set("process", outcome == Outcome::kStarted ? Napi::Value(process_object(env, result.process)) : none);
  object.Set("failure", outcome == Outcome::kRefused ? Napi::Value(failure_object(env, result.report)) : none);
  object.Set("died", outcome == Outcome::kDied ? Napi::Value(exit_object(env, result.exit)) : none);
  object.Set("times", times_object(env, {result.called, result.cloned, result.entered, result.returned}, result.ops));
  return object;
}

// JS.
void settle(Napi::Env env, const Report& report) {
  const bool started = report.result->outcome == Outcome::kStarted;
  const SharedAfterExit after_exit = started ? report.after_exit.lock() : nullptr;
  // From now on held until the exit of the application is reported.
  if (after_exit != nullptr) report.environment->hold(env);
  report.environment->remove_start(env, report.start);
  if (report.result->outcome == Outcome::kNoProcess) {
    report.deferred.reject(system_error(env, report.result->failure).Value());
    return;
  }
  Napi::Object object = result_object(env, report);
  // Without an application the pipes are closed.
  if (started) object.Set("pipes", give_pipes(env, *report.environment, report.result->pipes));
  if (after_exit != nullptr) after_exit->deferred.emplace(env);
  object.Set("ended", after_exit != nullptr ? after_exit->deferred->promise() : env.Null());
  report.deferred.resolve(object);
}

// On a launcher thread: posts the result to JavaScript.
void deliver(const Launching& launching, const std::shared_ptr<launch::Start>& start, StartResult result) {
  const auto& environment = launching.environment;
  if (result.process != nullptr && start->death_signal() != 0) {
    environment->bind_life(result.process, start->death_signal());
  }
  const ExitOptions& exit_options = launching.exit_options;
  const Report report{environment, launching.deferred, exit_options.after_exit, start,
                      std::make_shared<StartResult>(std::move(result))};
  const auto report_start = [report](Napi::Env env) { settle(env, report); };
  if (exit_options.after_exit != nullptr && report.result->outcome == Outcome::kStarted) {
    report_start_and_watch(exit_options, report.result->process, report.result->pipes, report_start);
  } else {
    environment->post(report_start);
  }
}

Napi::Value launch(const Napi::CallbackInfo& info) {
  const uint64_t called = monotonic_ns();
  Napi::Env env = info.Env();
  const auto launching = std::make_shared<Launching>(env, site_of(info));
  launching->request.called = called;
  const Napi::Value wrong = read_launch(info, *launching);
  if (!wrong.IsUndefined()) return launching->deferred.rejected(wrong);
  const auto start = std::make_shared<launch::Start>(std::move(launching->request));
  const Failure failure = launch::Launcher::instance().submit(
      start, [launching, start](StartResult result) { deliver(*launching, start, std::move(result)); });
  if (failure) return launching->deferred.rejected(system_error(env, failure).Value());
  launching->environment->add_start(info[2].As<Napi::Object>(), start);
  return launching->deferred.promise();
}

Napi::Value cancel(const Napi::CallbackInfo& info) {
  if (info[0].IsObject()) Environment::of(info.Env())->cancel(info[0].As<Napi::Object>());
  return info.Env().Undefined();
}

Napi::Value abandon(const Napi::CallbackInfo& info) {
  if (info[0].IsObject()) Environment::of(info.Env())->abandon(info[0].As<Napi::Object>());
  return info.Env().Undefined();
}

Napi::Value features(const Napi::CallbackInfo& info) { return Napi::Number::New(info.Env(), site_of(info).features()); }

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

// Nanoseconds since boot fit the 53 bits of a double for a hundred days. After that they are off by one or two.
Napi::Object times_object(Napi::Env env, const Moments& moments, const std::vector<uint64_t>& ops) {
  Napi::Object times = Napi::Object::New(env);
  times.Set("called", static_cast<double>(moments.called));
  times.Set("cloned", static_cast<double>(moments.cloned));
  times.Set("entered", static_cast<double>(moments.entered));
  auto list = Napi::Float64Array::New(env, ops.size());
  // Empty in a Worker that is being terminated.
  if (list.IsEmpty()) return times;
  for (size_t i = 0; i < ops.size(); ++i) list[i] = static_cast<double>(ops[i]);
  times.Set("ops", list);
  times.Set("returned", static_cast<double>(moments.returned));
  return times;
}

void add_launch_functions(Napi::Object exports, site::Site& site) {
  add_at(exports, site, "features", features);
  add_at(exports, site, "launch", launch);
  add_at(exports, site, "cancel", cancel);
  add_at(exports, site, "abandon", abandon);
}

}  // namespace orlop::addon
