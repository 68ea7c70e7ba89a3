// The exports that make things before a start needs them.
#pragma once

#include <napi.h>

namespace orlop::addon {

void add_prefetch_functions(Napi::Env env, Napi::Object exports);

}  // namespace orlop::addon
