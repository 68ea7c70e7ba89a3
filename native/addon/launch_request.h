// What JavaScript asks of a launch.
#pragma once

#include <napi.h>

#include <memory>

#include "addon/deferred.h"
#include "addon/ending.h"
#include "addon/environment.h"
#include "launch/start.h"

namespace orlop::addon {

// A start that JavaScript has asked for.
struct Launching {
  explicit Launching(Napi::Env env) : environment(Environment::of(env)), deferred(env) {}

  std::shared_ptr<Environment> environment;  // held
  Deferred deferred;
  launch::StartRequest request;
  Followed followed;
};

// Undefined, or the error to reject with. Descriptors that the launch takes are the launch's, whatever comes of it.
Napi::Value read_launch(const Napi::CallbackInfo& info, Launching& launching);

}  // namespace orlop::addon
