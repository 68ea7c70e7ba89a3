#include "addon/waiting_container.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "addon/after_exit.h"
#include "addon/deferred.h"
#include "addon/environment.h"
#include "addon/errors.h"
#include "addon/launch.h"
#include "addon/prepared_start.h"
#include "addon/process.h"
#include "addon/site.h"
#include "addon/slot_sources.h"
#include "addon/values.h"
#include "base/clock.h"
#include "pool/waiting_container.h"

namespace orlop::addon {
namespace {

using pool::OrderResult;
using pool::WaitingContainer;

struct Handle {
  std::shared_ptr<WaitingContainer> waiting;
  std::shared_ptr<supervise::Process> process;  // the launched orlop-init, from waitingReady on
};

// Marks the addon's objects, so that a foreign object is refused.
constexpr napi_type_tag kWaitingTag = {0x6f726c6f702d6d65, 0x6d62657200000001};

// Without references to the object, the waiting container is closed.
void drop_handle(napi_env, void* data, void*) {
  const std::unique_ptr<Handle> handle(static_cast<Handle*>(data));
  handle->waiting->close();
}

// Null with a pending TypeError if the argument is no NativeWaiting.
Handle* handle_of(const Napi::CallbackInfo& info) {
  void* data = nullptr;
  if (info[0].IsObject() && info[0].As<Napi::Object>().CheckTypeTag(&kWaitingTag)) {
    napi_unwrap(info.Env(), info[0], &data);
  }
  if (data != nullptr) return static_cast<Handle*>(data);
  Napi::TypeError::New(info.Env(), "not a waiting container of this addon").ThrowAsJavaScriptException();
  return nullptr;
}

Napi::Value refuse(Napi::Env env, const std::string& message) {
  Napi::TypeError::New(env, message).ThrowAsJavaScriptException();
  return env.Undefined();
}

Napi::Value throw_failure(Napi::Env env, const Failure& failure) {
  system_error(env, failure).ThrowAsJavaScriptException();
  return env.Undefined();
}

Napi::Value open_waiting(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  const SharedPreparedStart prepared = prepared_start_of(info[0]);
  if (prepared == nullptr || !info[1].IsObject()) return refuse(env, "not a prepared start of this addon");
  const auto options = info[1].As<Napi::Object>();
  pool::Order order;
  Texts values;
  if (const std::string wrong = fill_plan(*prepared, options, values, order.plan); !wrong.empty()) {
    return refuse(env, wrong);
  }
  order.features = prepared->features;
  order.paths = as_text(value_at(options, "paths")).value_or("");
  std::shared_ptr<WaitingContainer> waiting;
  if (const Failure failure = WaitingContainer::create(site_of(info), waiting)) return throw_failure(env, failure);
  waiting->prepare(std::move(order));
  Napi::Object object = Napi::Object::New(env);
  object.TypeTag(&kWaitingTag);
  auto handle = std::make_unique<Handle>(Handle{.waiting = waiting, .process = nullptr});
  if (napi_wrap(env, object, handle.get(), drop_handle, nullptr, nullptr) == napi_ok) (void)handle.release();
  Napi::Object result = Napi::Object::New(env);
  result.Set("waiting", object);
  result.Set("descriptor", Napi::Number::New(env, waiting->other_end()));
  return result;
}

// Report of an order.
struct Answering {
  explicit Answering(Napi::Env env) : environment(Environment::of(env)), deferred(env) {}

  std::shared_ptr<Environment> environment;  // held
  Deferred deferred;
  ExitOptions exit_options;
  std::weak_ptr<AfterExit> after_exit;  // weak: it may hold this report
  std::shared_ptr<supervise::Process> process;
  OrderResult result;
};

Napi::Object answer_object(Napi::Env env, Answering& answering) {
  OrderResult& result = answering.result;
  Napi::Object object = Napi::Object::New(env);
  const bool refused = result.outcome == OrderResult::Outcome::kRefused;
  // Without an application the pipes are closed.
  if (result.outcome != OrderResult::Outcome::kDone) result.pipes.clear();
  object.Set("failure", refused ? Napi::Value(failure_object(env, result.report)) : env.Null());
  object.Set("gone", Napi::Boolean::New(env, result.outcome == OrderResult::Outcome::kGone));
  object.Set("times", times_object(env, {result.called, result.sent, result.entered, result.finished}, result.times));
  object.Set("pipes", give_pipes(env, *answering.environment, result.pipes));
  return object;
}

// JS.
void settle(Napi::Env env, Answering& answering) {
  const bool done = answering.result.outcome == OrderResult::Outcome::kDone;
  const SharedAfterExit after_exit = done ? answering.after_exit.lock() : nullptr;
  if (after_exit == nullptr) answering.environment->release(env);
  if (answering.result.outcome == OrderResult::Outcome::kFailed) {
    answering.deferred.reject(system_error(env, answering.result.failure).Value());
    return;
  }
  Napi::Object object = answer_object(env, answering);
  if (after_exit != nullptr) after_exit->deferred.emplace(env);
  object.Set("ended", after_exit != nullptr ? after_exit->deferred->promise() : env.Null());
  answering.deferred.resolve(object);
}

// A callback that settles the promise with the result of an order. The event loop stays alive until then.
WaitingContainer::Done answer_with(Napi::Env env, const std::shared_ptr<Answering>& answering) {
  answering->environment->hold(env);
  answering->after_exit = answering->exit_options.after_exit;
  return [answering](OrderResult result) {
    const ExitOptions exit_options = std::move(answering->exit_options);
    const bool done = result.outcome == OrderResult::Outcome::kDone;
    answering->result = std::move(result);
    const auto report = [answering](Napi::Env later) { settle(later, *answering); };
    if (done && exit_options.after_exit != nullptr) {
      report_start_and_watch(exit_options, answering->process, answering->result.pipes, report);
    } else {
      answering->environment->post(report);
    }
  };
}

Napi::Value waiting_ready(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  Handle* const handle = handle_of(info);
  if (handle == nullptr) return env.Undefined();
  handle->process = process_of(env, info[1]);
  if (handle->process == nullptr) return env.Undefined();
  const auto answering = std::make_shared<Answering>(env);
  handle->waiting->on_ready(answer_with(env, answering));
  handle->process->on_exit([waiting = handle->waiting](const Exit&) { waiting->ended(); });
  return answering->deferred.promise();
}

// Reads the order and the exit options. Returns undefined, or the error to reject with.
Napi::Value read_request(const Napi::CallbackInfo& info, const SharedPreparedStart& prepared,
                         const Napi::Object& options, pool::Order& order, Answering& answering) {
  Napi::Env env = info.Env();
  const auto error_of = [env](const std::string& message) { return Napi::TypeError::New(env, message).Value(); };
  Texts values;
  if (const std::string wrong = fill_plan(*prepared, options, values, order.plan); !wrong.empty()) {
    return error_of(wrong);
  }
  const Napi::Value descriptors = value_at(options, "descriptors");
  if (!descriptors.IsArray()) return error_of("descriptors is an array");
  if (Failure failure = read_sources(descriptors.As<Napi::Array>(), order.sources)) {
    return system_error(env, failure).Value();
  }
  // The last slot is for the mount namespace of the waiting container, which JavaScript does not have.
  if (order.sources.size() + 1 != prepared->plan.supplied()) {
    return error_of("one descriptor for each supplied slot but the last");
  }
  order.features = prepared->features;
  ExitOptions& exit_options = answering.exit_options;
  exit_options.outputs = outputs_of(order.sources);
  if (const std::string wrong =
          read_exit_options(value_at(options, "onExit"), site_of(info), answering.environment, exit_options);
      !wrong.empty()) {
    return error_of(wrong);
  }
  exit_options.fill_holes = [prepared, values = std::move(values)](AfterExit& after_exit) {
    prepared->ended.fill(values, after_exit.changes);
    prepared->background.fill(values, after_exit.background);
  };
  const Failure failure = prepare_exit_threads(!prepared->background.empty());
  return failure ? system_error(env, failure).Value() : env.Undefined();
}

Napi::Value become_application(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  const uint64_t called = monotonic_ns();
  Handle* const handle = handle_of(info);
  if (handle == nullptr) return env.Undefined();
  const SharedPreparedStart prepared = prepared_start_of(info[1]);
  if (prepared == nullptr || !info[2].IsObject()) return refuse(env, "not a prepared start of this addon");
  pool::Order order;
  const auto answering = std::make_shared<Answering>(env);
  answering->process = handle->process;
  const Napi::Value wrong = read_request(info, prepared, info[2].As<Napi::Object>(), order, *answering);
  if (!wrong.IsUndefined()) return answering->deferred.rejected(wrong);
  // Before its process is known, no thread would see the application's exit.
  const bool waits = handle->process != nullptr && handle->waiting->become(std::move(order), called);
  WaitingContainer::Done done = answer_with(env, answering);
  if (waits) {
    handle->waiting->on_become(std::move(done));
  } else {
    OrderResult gone;
    gone.called = called;
    done(std::move(gone));
  }
  return answering->deferred.promise();
}

// Does not keep the event loop alive: a waiting pool must not keep its program from ending.
Napi::Value waiting_over(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  Handle* const handle = handle_of(info);
  if (handle == nullptr) return env.Undefined();
  const auto environment = Environment::of(env);
  const Deferred deferred(env);
  handle->waiting->on_over([environment, deferred] {
    environment->post([deferred](Napi::Env later) { deferred.resolve(later.Undefined()); });
  });
  return deferred.promise();
}

Napi::Value close_waiting(const Napi::CallbackInfo& info) {
  Handle* const handle = handle_of(info);
  if (handle != nullptr) handle->waiting->close();
  return info.Env().Undefined();
}

}  // namespace

void add_waiting_functions(Napi::Object exports, site::Site& site) {
  add_at(exports, site, "openWaiting", open_waiting);
  add_at(exports, site, "waitingReady", waiting_ready);
  add_at(exports, site, "becomeApplication", become_application);
  add_at(exports, site, "waitingOver", waiting_over);
  add_at(exports, site, "closeWaiting", close_waiting);
}

}  // namespace orlop::addon
