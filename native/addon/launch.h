// features, launch and cancel; and reports that orders of waiting containers share.
#pragma once

#include <napi.h>

#include <cstdint>
#include <vector>

#include "init/run.h"
#include "site/site.h"

namespace orlop::addon {

void add_launch_functions(Napi::Object exports, site::Site& site);

// NativeFailure.
Napi::Object failure_object(Napi::Env env, const init::Report& report);
// CLOCK_MONOTONIC nanoseconds around the operations, as in LaunchResult.times.
struct Moments {
  uint64_t called, cloned, entered, returned;
};

// LaunchResult.times.
Napi::Object times_object(Napi::Env env, const Moments& moments, const std::vector<uint64_t>& ops);

}  // namespace orlop::addon
