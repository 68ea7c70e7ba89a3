// The module's exports: each group adds the names that ts/native/contract.ts promises.
#include "addon/module.h"

#include <napi.h>

#include "addon/changes.h"
#include "addon/descriptors.h"
#include "addon/environment.h"
#include "addon/fs_trees.h"
#include "addon/launch.h"
#include "addon/launcher.h"
#include "addon/look.h"
#include "addon/prefetch.h"
#include "addon/prepared_start.h"
#include "addon/process.h"
#include "addon/relay.h"
#include "addon/waiting_container.h"

namespace orlop::addon {

void add_functions(Napi::Object exports, site::Site& site) {
  Napi::Env env = exports.Env();
  exports.Set("abi", Napi::Number::New(env, 11));
  add_prepare_function(env, exports);
  add_launch_functions(exports, site);
  add_look_function(env, exports);
  add_prefetch_functions(exports, site);
  add_waiting_functions(exports, site);
  add_process_functions(env, exports);
  add_change_functions(exports, site);
  add_descriptor_functions(env, exports);
  add_tree_functions(exports, site);
  add_relay_functions(env, exports);
  add_launcher_function(env, exports);
}

}  // namespace orlop::addon

namespace {

Napi::Object init(Napi::Env env, Napi::Object exports) {
  orlop::addon::Environment::create(env);
  orlop::addon::add_functions(exports, orlop::site::here());
  return exports;
}

}  // namespace

NODE_API_MODULE(orlop, init)
