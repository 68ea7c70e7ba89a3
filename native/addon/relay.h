// Relays a pipe to a descriptor, without a stream in JavaScript.
#pragma once

#include <napi.h>

namespace orlop::addon {

void add_relay_functions(Napi::Env env, Napi::Object exports);

}  // namespace orlop::addon
