#include "addon/launch_request.h"

#include <fcntl.h>

#include <optional>
#include <string>
#include <utility>

#include "addon/errors.h"
#include "addon/prepared_start.h"
#include "addon/supplies.h"
#include "addon/values.h"
#include "fs/changes.h"

namespace orlop::addon {
namespace {

Napi::Value error_of(Napi::Env env, const std::string& message) { return Napi::TypeError::New(env, message).Value(); }

// Descriptors that the addon gave. False when it is no list of them.
bool take_descriptors(const Napi::Value& value, Launching& launching) {
  if (value.IsUndefined()) return true;
  if (!value.IsArray()) return false;
  const auto list = value.As<Napi::Array>();
  bool numbers = true;
  for (uint32_t i = 0; i < list.Length(); ++i) {
    const auto number = as_number(value_at(list, i));
    numbers = numbers && number.has_value();
    if (!number) continue;
    UniqueFd taken(static_cast<int>(*number));
    launching.environment->take_back(taken.get());
    UniqueFd& fd = launching.request.supplied.emplace_back().fd;
    // As in `duplicate`: they have such numbers where the program has closed its own streams.
    if (taken.get() < 3) {
      fd.reset(fcntl(taken.get(), F_DUPFD_CLOEXEC, 3));
    } else {
      fd = std::move(taken);
    }
  }
  return numbers;
}

// What the plan gets first: the caller's descriptors, then those that the launch takes.
Napi::Value read_supplied(Napi::Env env, const Napi::Object& options, Launching& launching) {
  const Napi::Value descriptors = value_at(options, "descriptors");
  Napi::Value wrong = env.Undefined();
  if (!descriptors.IsArray()) {
    wrong = error_of(env, "descriptors is an array");
  } else {
    const Failure failure = read_supplies(descriptors.As<Napi::Array>(), launching.request.supplied);
    if (failure) wrong = system_error(env, failure).Value();
    launching.followed.outputs = outputs_of(launching.request.supplied);
  }
  if (!take_descriptors(value_at(options, "taken"), launching)) wrong = error_of(env, "taken are descriptors");
  return wrong;
}

// What other threads write is filled in there.
void fill_in(const SharedPreparedStart& prepared, Texts values, bool create, Launching& launching) {
  const auto texts = std::make_shared<const Texts>(std::move(values));
  launch::StartRequest& request = launching.request;
  request.features = prepared->features;
  request.maps = prepared->maps;
  request.before = [prepared, texts, create] {
    fs::Changes changes;
    prepared->checks.fill(*texts, changes);
    if (create) prepared->created.fill(*texts, changes);
    return fs::apply(changes);
  };
  if (prepared->running) {
    request.started = [prepared, texts](const launch::Process& process) {
      return write_running(*prepared->running, *texts, process);
    };
  }
  launching.followed.fill = [prepared, texts](Ending& ending) {
    prepared->ended.fill(*texts, ending.changes);
    prepared->later.fill(*texts, ending.later);
  };
}

// Undefined, or the error to reject with.
Napi::Value read_following(Napi::Env env, const Napi::Object& options, bool later, Launching& launching) {
  const Napi::Value value = value_at(options, "follow");
  if (value.IsUndefined()) return env.Undefined();
  const std::string wrong = read_follow(value, launching.environment, launching.followed);
  if (!wrong.empty()) return error_of(env, wrong);
  const Failure failure = prepare_to_follow(later);
  return failure ? system_error(env, failure).Value() : env.Undefined();
}

}  // namespace

Napi::Value read_launch(const Napi::CallbackInfo& info, Launching& launching) {
  Napi::Env env = info.Env();
  if (!info[1].IsObject()) return error_of(env, "the options of a launch are an object");
  const auto options = info[1].As<Napi::Object>();
  const Napi::Value wrong = read_supplied(env, options, launching);
  const SharedPreparedStart prepared = prepared_start_of(info[0]);
  if (prepared == nullptr) return error_of(env, "not a prepared start of this addon");
  if (!wrong.IsUndefined()) return wrong;
  if (!info[2].IsObject()) return error_of(env, "the token of a launch is an object");
  Texts values;
  const std::string unfilled = fill_plan(*prepared, options, values, launching.request.plan);
  if (!unfilled.empty()) return error_of(env, unfilled);
  if (launching.request.supplied.size() != prepared->plan.supplied()) {
    return error_of(env,
                    "the plan wants other descriptors than these " + std::to_string(launching.request.supplied.size()));
  }
  if (const Napi::Value cgroup = value_at(options, "cgroup"); cgroup.IsNumber()) {
    const Failure failure = duplicate(cgroup, launching.request.cgroup);
    if (failure) return system_error(env, failure).Value();
  }
  fill_in(prepared, std::move(values), is_true(value_at(options, "create")), launching);
  return read_following(env, options, !prepared->later.empty(), launching);
}

}  // namespace orlop::addon
