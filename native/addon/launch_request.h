// Reads the arguments of `launch`.
#pragma once

#include <napi.h>

#include <memory>

#include "addon/after_exit.h"
#include "addon/deferred.h"
#include "addon/environment.h"
#include "launch/attempt.h"
#include "launch/start.h"
#include "site/site.h"

namespace orlop::addon {

// A start that JavaScript has asked for.
struct Launching {
  Launching(Napi::Env env, site::Site& at) : site(at), environment(Environment::of(env)), deferred(env) {}

  site::Site& site;
  std::shared_ptr<Environment> environment;  // held
  Deferred deferred;
  launch::AttemptRequest attempt;
  launch::StartRequest request;
  ExitOptions exit_options;
};

// Reads the arguments. Returns undefined, or the error to reject with. The launch owns the descriptors in `taken` in
// any case.
Napi::Value read_launch(const Napi::CallbackInfo& info, Launching& launching);

}  // namespace orlop::addon
