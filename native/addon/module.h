// The functions that the module exports.
#pragma once

#include <napi.h>

#include "site/site.h"

namespace orlop::addon {

// Adds the functions of Native of ts/native/contract.ts, whose privileged calls are made at the site.
void add_functions(Napi::Object exports, site::Site& site);

}  // namespace orlop::addon
