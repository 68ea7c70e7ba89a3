// startLauncher: the same functions, made at another site.
#pragma once

#include <napi.h>

namespace orlop::addon {

void add_launcher_function(Napi::Env env, Napi::Object exports);

}  // namespace orlop::addon
