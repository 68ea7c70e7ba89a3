// pipe and tryLock.
#pragma once

#include <napi.h>

namespace orlop::addon {

void add_descriptor_functions(Napi::Env env, Napi::Object exports);

}  // namespace orlop::addon
