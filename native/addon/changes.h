// Batches of changes, see fs/changes.h.
#pragma once

#include <napi.h>

#include <string>

#include "fs/changes.h"
#include "site/site.h"

namespace orlop::addon {

// Reads a batch as ts/native/contract.ts describes it. Returns what is wrong, or empty.
std::string read_changes(const Napi::Value& value, fs::Changes& changes);
// Reads a batch whose texts have holes, see text_template.h.
std::string read_changes_with_holes(const Napi::Value& value, fs::Changes& changes);

void add_change_functions(Napi::Object exports, site::Site& site);

}  // namespace orlop::addon
