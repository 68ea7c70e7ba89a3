// Launches that differ in a few texts: what JavaScript has said of the first is neither said nor read again.
#pragma once

#include <napi.h>

namespace orlop::addon {

void add_launch_template_functions(Napi::Env env, Napi::Object exports);

}  // namespace orlop::addon
