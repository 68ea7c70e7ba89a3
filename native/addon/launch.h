// features, launch and cancel; and what members have in common with them.
#pragma once

#include <napi.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "init/run.h"

namespace orlop::addon {

void add_launch_functions(Napi::Env env, Napi::Object exports);

// Takes a copy of a plan, checked; otherwise what is wrong with it.
std::string read_plan(const Napi::Value& value, std::vector<uint8_t>& plan);
// Empty when it is well formed; otherwise what is wrong with it.
std::string check_plan(const std::vector<uint8_t>& plan);

struct Launching;
// JS. Has it launched; gives its promise.
Napi::Value submit(Napi::Env env, const std::shared_ptr<Launching>& launching, const Napi::Object& token);

// NativeFailure.
Napi::Object failure_object(Napi::Env env, const init::Report& report);
// CLOCK_MONOTONIC nanoseconds around the operations, as in LaunchResult.times.
struct Moments {
  uint64_t called, cloned, entered, returned;
};

// LaunchResult.times.
Napi::Object times_object(Napi::Env env, const Moments& moments, const std::vector<uint64_t>& ops);

}  // namespace orlop::addon
