// Exports that prefetch namespaces and mounts.
#pragma once

#include <napi.h>

#include "site/site.h"

namespace orlop::addon {

void add_prefetch_functions(Napi::Object exports, site::Site& site);

}  // namespace orlop::addon
