// What JavaScript asks of a launch.
#pragma once

#include <napi.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

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

// Descriptors that the addon gave, and that are the launch's from now on. False when it is no list of them.
bool take_given(const Napi::Value& value, Launching& launching);

// The record of an application, but for what only the start knows.
struct Record {
  std::string path, head, tail;
};
std::optional<Record> read_record(const Napi::Value& value);
// Any thread.
Failure write_record(const Record& record, const launch::Process& process);

// Undefined, or the error to reject with.
Napi::Value read_launch(const Napi::CallbackInfo& info, Launching& launching);

}  // namespace orlop::addon
