// Lists of changes to the store, see fs/changes.h.
#pragma once

#include <napi.h>

#include <string>

#include "fs/changes.h"

namespace orlop::addon {

// Reads a list as ts/native/contract.ts describes it. Empty, or what is wrong with it.
std::string read_changes(const Napi::Value& value, fs::Changes& changes);
// The same for a list whose texts have holes, see text_template.h.
std::string read_changes_with_holes(const Napi::Value& value, fs::Changes& changes);

void add_change_functions(Napi::Env env, Napi::Object exports);

}  // namespace orlop::addon
