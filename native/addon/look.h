// lookAt.
#pragma once

#include <napi.h>

namespace orlop::addon {

void add_look_function(Napi::Env env, Napi::Object exports);

}  // namespace orlop::addon
