// Passing on what comes out of a pipe, without a stream in JavaScript.
#pragma once

#include <napi.h>

namespace orlop::addon {

void add_relay_function(Napi::Env env, Napi::Object exports);

}  // namespace orlop::addon
