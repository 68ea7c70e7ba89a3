// features, launch and cancel.
#pragma once

#include <napi.h>

namespace orlop::addon {

void add_launch_functions(Napi::Env env, Napi::Object exports);

}  // namespace orlop::addon
