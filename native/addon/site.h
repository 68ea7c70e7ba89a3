// Functions of the addon that are bound to a site.
#pragma once

#include <napi.h>

#include "site/site.h"

namespace orlop::addon {

using Callback = Napi::Value (*)(const Napi::CallbackInfo&);

// Adds a function whose calls are made at the site.
inline void add_at(Napi::Object& exports, site::Site& site, const char* name, Callback callback) {
  exports.Set(name, Napi::Function::New(exports.Env(), callback, name, &site));
}

inline site::Site& site_of(const Napi::CallbackInfo& info) { return *static_cast<site::Site*>(info.Data()); }

}  // namespace orlop::addon
