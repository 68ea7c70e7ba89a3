// Exports that prefetch namespaces and mounts.
#pragma once

#include <napi.h>

namespace orlop::addon {

void add_prefetch_functions(Napi::Env env, Napi::Object exports);

}  // namespace orlop::addon
