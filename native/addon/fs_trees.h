// Exports for directory trees and views.
#pragma once

#include <napi.h>

namespace orlop::addon {

void add_tree_functions(Napi::Env env, Napi::Object exports);

}  // namespace orlop::addon
