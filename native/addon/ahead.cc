#include "addon/ahead.h"

#include <cerrno>
#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "addon/deferred.h"
#include "addon/environment.h"
#include "addon/errors.h"
#include "addon/launch.h"
#include "addon/values.h"
#include "base/condition.h"
#include "base/thread.h"
#include "launch/empty_namespace.h"
#include "launch/launcher.h"
#include "launch/network.h"
#include "launch/start.h"
#include "launch/trees.h"

namespace orlop::addon {
namespace {

using launch::Launcher;

// Does `work` on a launcher thread, not before `first` is over where there is one; `convert` makes the value that the
// promise gets.
template <typename Result>
Napi::Value in_background(Napi::Env env, std::function<Failure(Result*)> work,
                          std::function<Napi::Value(Napi::Env, Environment&, Result&)> convert,
                          const std::shared_ptr<launch::Start>& first = nullptr) {
  const Deferred deferred(env);
  const auto environment = Environment::of(env);
  environment->hold(env);
  const auto tell = [=](const Failure& failure, const std::shared_ptr<Result>& result) {
    environment->post([=](Napi::Env later) {
      environment->release(later);
      if (failure) {
        deferred.reject(system_error(later, failure).Value());
      } else {
        deferred.resolve(convert(later, *environment, *result));
      }
    });
  };
  const Launcher::Job job = [=](const launch::ChildStack&) -> Launcher::Tell {
    const auto result = std::make_shared<Result>();
    const Failure failure = work(result.get());
    return [=] { tell(failure, result); };
  };
  if (first != nullptr && first->then([job] { Launcher::instance().go_on(job); })) return deferred.promise();
  if (const Failure refused = Launcher::instance().submit(job)) tell(refused, nullptr);
  return deferred.promise();
}

Napi::Value malformed(Napi::Env env, const std::string& message) {
  return Deferred(env).rejected(Napi::TypeError::New(env, message).Value());
}

Napi::Value make_empty_namespace(const Napi::CallbackInfo& info) {
  struct Nothing {};
  return in_background<Nothing>(
      info.Env(),
      [](Nothing*) { return on_own_thread("orlop-empty", [] { return launch::EmptyNamespace::instance().make(); }); },
      [](Napi::Env env, Environment&, Nothing&) { return env.Undefined(); });
}

Napi::Value make_network(const Napi::CallbackInfo& info) {
  std::vector<uint8_t> plan;
  if (const std::string wrong = read_plan(info[0], plan); !wrong.empty()) return malformed(info.Env(), wrong);
  const uint32_t features = static_cast<uint32_t>(as_number(info[1]).value_or(0));
  return in_background<UniqueFd>(
      info.Env(),
      [plan = std::move(plan), features](UniqueFd* network) {
        return on_own_thread("orlop-network", [&] { return launch::make_network(plan, features, network); });
      },
      [](Napi::Env env, Environment& environment, UniqueFd& network) {
        return Napi::Number::New(env, environment.give(network.release()));
      });
}

// A network namespace that a thread makes while JavaScript does something else, and then waits for.
struct Network {
  std::mutex mutex;
  Condition made;
  bool over = false;
  Failure failure;
  UniqueFd descriptor;
};

void finish(Network& network, const Failure& failure, UniqueFd descriptor) {
  const std::lock_guard<std::mutex> lock(network.mutex);
  network.over = true;
  network.failure = failure;
  network.descriptor = std::move(descriptor);
  network.made.notify_all();
}

// No start is kept waiting for longer, nor a signal that is to end it: it makes its own then, in a child.
constexpr std::chrono::milliseconds kPatience(100);

Napi::Value await_network(Napi::Env env, Environment& environment, Network& network) {
  std::unique_lock<std::mutex> lock(network.mutex);
  const bool over = network.made.wait_for(lock, kPatience, [&] { return network.over; });
  if (network.failure || !network.descriptor) {
    const Failure missing{over ? EBADF : ETIMEDOUT, "unshare", ""};
    system_error(env, network.failure ? network.failure : missing).ThrowAsJavaScriptException();
    return env.Undefined();
  }
  return Napi::Number::New(env, environment.give(network.descriptor.release()));
}

Napi::Value begin_network(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  std::vector<uint8_t> plan;
  if (const std::string wrong = read_plan(info[0], plan); !wrong.empty()) {
    Napi::TypeError::New(env, wrong).ThrowAsJavaScriptException();
    return env.Undefined();
  }
  const uint32_t features = static_cast<uint32_t>(as_number(info[1]).value_or(0));
  const auto network = std::make_shared<Network>();
  const bool started = start_detached_thread("orlop-network", [network, plan = std::move(plan), features] {
    UniqueFd descriptor;
    const Failure failure = launch::make_network(plan, features, &descriptor);
    finish(*network, failure, std::move(descriptor));
  });
  if (!started) finish(*network, Failure{EAGAIN, "pthread_create", ""}, UniqueFd());
  return Napi::Function::New(env, [network, environment = Environment::of(env)](const Napi::CallbackInfo& call) {
    return await_network(call.Env(), *environment, *network);
  });
}

Napi::Value open_trees(const Napi::CallbackInfo& info) {
  std::vector<uint8_t> plan;
  if (const std::string wrong = read_plan(info[0], plan); !wrong.empty()) return malformed(info.Env(), wrong);
  const uint32_t features = static_cast<uint32_t>(as_number(info[1]).value_or(0));
  const std::string paths = as_text(info[2]).value_or("");
  return in_background<launch::OwnPlan>(
      info.Env(),
      [plan = std::move(plan), features, paths](launch::OwnPlan* opened) {
        Failure failure = launch::open_trees(plan, features, opened);
        if (!failure) failure = launch::failure_of(*opened);
        if (!failure && !opened->slots.empty()) launch::look_up(opened->slots[0].get(), paths);
        return failure;
      },
      [](Napi::Env env, Environment& environment, launch::OwnPlan& opened) {
        Napi::Array list = Napi::Array::New(env, opened.slots.size());
        for (uint32_t i = 0; i < opened.slots.size(); ++i) list.Set(i, environment.give(opened.slots[i].release()));
        return list;
      },
      info[3].IsObject() ? Environment::of(info.Env())->start_of(info[3].As<Napi::Object>()) : nullptr);
}

}  // namespace

void add_ahead_functions(Napi::Env env, Napi::Object exports) {
  exports.Set("makeEmptyNamespace", Napi::Function::New(env, make_empty_namespace, "makeEmptyNamespace"));
  exports.Set("makeNetwork", Napi::Function::New(env, make_network, "makeNetwork"));
  exports.Set("beginNetwork", Napi::Function::New(env, begin_network, "beginNetwork"));
  exports.Set("openTrees", Napi::Function::New(env, open_trees, "openTrees"));
}

}  // namespace orlop::addon
