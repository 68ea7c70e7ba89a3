// Exports for directory trees and views.
#pragma once

#include <napi.h>

#include "site/site.h"

namespace orlop::addon {

void add_tree_functions(Napi::Object exports, site::Site& site);

}  // namespace orlop::addon
