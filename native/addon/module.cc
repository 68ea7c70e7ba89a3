// The module's exports: each group adds the names that ts/native/contract.ts promises.
#include <napi.h>

#include "addon/changes.h"
#include "addon/descriptors.h"
#include "addon/environment.h"
#include "addon/fs_trees.h"
#include "addon/launch.h"
#include "addon/look.h"
#include "addon/prefetch.h"
#include "addon/prepared_start.h"
#include "addon/process.h"
#include "addon/relay.h"
#include "addon/waiting_container.h"

namespace {

Napi::Object init(Napi::Env env, Napi::Object exports) {
  orlop::addon::Environment::create(env);
  exports.Set("abi", Napi::Number::New(env, 5));
  orlop::addon::add_prepare_function(env, exports);
  orlop::addon::add_launch_functions(env, exports);
  orlop::addon::add_look_function(env, exports);
  orlop::addon::add_prefetch_functions(env, exports);
  orlop::addon::add_waiting_functions(env, exports);
  orlop::addon::add_process_functions(env, exports);
  orlop::addon::add_change_functions(env, exports);
  orlop::addon::add_descriptor_functions(env, exports);
  orlop::addon::add_tree_functions(env, exports);
  orlop::addon::add_relay_functions(env, exports);
  return exports;
}

}  // namespace

NODE_API_MODULE(orlop, init)
