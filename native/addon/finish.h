// Seeing an application to its end.
#pragma once

#include <napi.h>

namespace orlop::addon {

void add_finish_functions(Napi::Env env, Napi::Object exports);

}  // namespace orlop::addon
