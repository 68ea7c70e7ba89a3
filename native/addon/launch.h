// features, launch and cancel; and what members have in common with them.
#pragma once

#include <napi.h>

#include <cstdint>
#include <string>
#include <vector>

#include "init/run.h"

namespace orlop::addon {

void add_launch_functions(Napi::Env env, Napi::Object exports);

// Takes a copy of a plan, checked; otherwise what is wrong with it.
std::string read_plan(const Napi::Value& value, std::vector<uint8_t>& plan);

// NativeFailure.
Napi::Object failure_object(Napi::Env env, const init::Report& report);
// LaunchResult.times.
Napi::Object times_object(Napi::Env env, uint64_t called, uint64_t cloned, const std::vector<uint64_t>& ops,
                          uint64_t returned);

}  // namespace orlop::addon
