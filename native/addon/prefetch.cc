#include "addon/prefetch.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "addon/background.h"
#include "addon/changes.h"
#include "addon/deferred.h"
#include "addon/environment.h"
#include "addon/errors.h"
#include "addon/prepared_start.h"
#include "addon/site.h"
#include "addon/values.h"
#include "launch/start.h"
#include "launch/user_namespace.h"
#include "opener/empty_namespace.h"
#include "opener/mounts.h"

namespace orlop::addon {
namespace {

Napi::Value malformed(Napi::Env env, const std::string& message) {
  return Deferred(env).rejected(Napi::TypeError::New(env, message).Value());
}

Napi::Value make_empty_namespace(const Napi::CallbackInfo& info) {
  using For = opener::EmptyNamespace::For;
  struct Nothing {};
  const For children = is_true(info[0]) ? For::kChildrenInUserNamespace : For::kChildren;
  return in_background<Nothing>(
      info.Env(), [&site = site_of(info), children](Nothing*) { return site.make_empty_namespace(children); },
      [](Napi::Env env, Environment&, Nothing&) { return env.Undefined(); });
}

// Fills the plan of the prepared start in info[0] with the options in info[1]. Returns what is wrong, or empty.
std::string read_plan(const Napi::CallbackInfo& info, SharedPreparedStart& prepared, std::vector<uint8_t>& plan) {
  prepared = prepared_start_of(info[0]);
  if (prepared == nullptr) return "not a prepared start of this addon";
  if (!info[1].IsObject()) return "the options are an object";
  Texts values;
  return fill_plan(*prepared, info[1].As<Napi::Object>(), values, plan);
}

Napi::Value make_network(const Napi::CallbackInfo& info) {
  SharedPreparedStart prepared;
  std::vector<uint8_t> plan;
  if (const std::string wrong = read_plan(info, prepared, plan); !wrong.empty()) return malformed(info.Env(), wrong);
  return in_background<UniqueFd>(
      info.Env(),
      [&site = site_of(info), plan = std::move(plan), features = prepared->features](UniqueFd* network) {
        return site.make_network(plan, features, network);
      },
      [](Napi::Env env, Environment& environment, UniqueFd& network) {
        return Napi::Number::New(env, environment.give(network.release()));
      });
}

Napi::Value open_seat(const Napi::CallbackInfo& info) {
  std::vector<std::string> directories;
  if (!read_texts(info[0], directories)) return malformed(info.Env(), "the directories are texts");
  fs::Changes changes;
  if (const std::string wrong = read_changes(info[1], changes); !wrong.empty()) return malformed(info.Env(), wrong);
  // A process that enters a container is cloned by this one.
  site::Site& site = is_true(info[2]) ? site::here() : site_of(info);
  return in_background<UniqueFd>(
      info.Env(),
      [&site, directories, changes](UniqueFd* lease) {
        const Failure failure = site.apply(changes);
        return failure ? failure : site.open_seat(directories, lease);
      },
      [](Napi::Env env, Environment& environment, UniqueFd& lease) {
        return Napi::Number::New(env, environment.give(lease.release()));
      });
}

Napi::Value make_user_namespace(const Napi::CallbackInfo& info) {
  const auto users = as_text(info[0]), groups = as_text(info[1]);
  if (!users || !groups) return malformed(info.Env(), "the maps are texts");
  return in_background<UniqueFd>(
      info.Env(),
      [maps = launch::IdMaps{.uid_map = *users, .gid_map = *groups}](UniqueFd* made) {
        return launch::make_user_namespace(maps, made);
      },
      [](Napi::Env env, Environment& environment, UniqueFd& made) {
        return Napi::Number::New(env, environment.give(made.release()));
      });
}

Napi::Value open_mounts(const Napi::CallbackInfo& info) {
  SharedPreparedStart prepared;
  std::vector<uint8_t> plan;
  if (const std::string wrong = read_plan(info, prepared, plan); !wrong.empty()) return malformed(info.Env(), wrong);
  const auto options = info[1].As<Napi::Object>();
  const std::string paths = as_text(value_at(options, "paths")).value_or("");
  const Napi::Value after = value_at(options, "after");
  return in_background<opener::HostExecution>(
      info.Env(),
      [&site = site_of(info), plan = std::move(plan), features = prepared->features,
       paths](opener::HostExecution* opened) {
        Failure failure = site.open_mounts(plan, features, {}, opened);
        if (!failure) failure = opener::failure_of(*opened);
        if (!failure && !opened->slots.empty()) opener::look_up(opened->slots[0].get(), paths);
        return failure;
      },
      [](Napi::Env env, Environment& environment, opener::HostExecution& opened) {
        Napi::Array list = Napi::Array::New(env, opened.slots.size());
        for (uint32_t i = 0; i < opened.slots.size(); ++i) list.Set(i, environment.give(opened.slots[i].release()));
        return list;
      },
      after.IsObject() ? Environment::of(info.Env())->start_of(after.As<Napi::Object>()) : nullptr);
}

}  // namespace

void add_prefetch_functions(Napi::Object exports, site::Site& site) {
  add_at(exports, site, "makeEmptyNamespace", make_empty_namespace);
  add_at(exports, site, "makeNetwork", make_network);
  add_at(exports, site, "openSeat", open_seat);
  exports.Set("makeUserNamespace", Napi::Function::New(exports.Env(), make_user_namespace, "makeUserNamespace"));
  add_at(exports, site, "openMounts", open_mounts);
}

}  // namespace orlop::addon
