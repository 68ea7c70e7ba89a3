// Work on a launcher thread, with a promise.
#pragma once

#include <napi.h>

#include <functional>
#include <memory>

#include "addon/deferred.h"
#include "addon/environment.h"
#include "addon/errors.h"
#include "base/failure.h"
#include "launch/launcher.h"
#include "launch/start.h"

namespace orlop::addon {

// Calls `work` on a launcher thread, after the start `first` is over unless null. `convert` makes the value of the
// promise.
template <typename Result>
Napi::Value in_background(Napi::Env env, std::function<Failure(Result*)> work,
                          std::function<Napi::Value(Napi::Env, Environment&, Result&)> convert,
                          const std::shared_ptr<launch::Start>& first = nullptr) {
  const Deferred deferred(env);
  const auto environment = Environment::of(env);
  environment->hold(env);
  const auto notify = [=](const Failure& failure, const std::shared_ptr<Result>& result) {
    environment->post([=](Napi::Env later) {
      environment->release(later);
      if (failure) {
        deferred.reject(system_error(later, failure).Value());
      } else {
        deferred.resolve(convert(later, *environment, *result));
      }
    });
  };
  const launch::Launcher::Job job = [=](const launch::ChildStack&) -> launch::Launcher::Notify {
    const auto result = std::make_shared<Result>();
    const Failure failure = work(result.get());
    return [=] { notify(failure, result); };
  };
  if (first != nullptr && first->then([job] { launch::Launcher::instance().submit_without_thread(job); }))
    return deferred.promise();
  if (const Failure refused = launch::Launcher::instance().submit(job)) notify(refused, nullptr);
  return deferred.promise();
}

}  // namespace orlop::addon
