#include "addon/launch_request.h"

#include <fcntl.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "addon/changes.h"
#include "addon/errors.h"
#include "addon/prepared_start.h"
#include "addon/slot_sources.h"
#include "addon/values.h"
#include "base/pidfd.h"
#include "enter/entering.h"
#include "fs/changes.h"
#include "launch/child.h"
#include "plan/reader.h"

namespace orlop::addon {
namespace {

Napi::Value error_of(Napi::Env env, const std::string& message) { return Napi::TypeError::New(env, message).Value(); }

// Takes descriptors that the addon gave. False if the value is no list of numbers.
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
    UniqueFd& fd = launching.request.sources.emplace_back().fd;
    // As in `duplicate`: low numbers occur if the program has closed its standard streams.
    if (taken.get() < 3) {
      fd.reset(fcntl(taken.get(), F_DUPFD_CLOEXEC, 3));
    } else {
      fd = std::move(taken);
    }
  }
  return numbers;
}

// Reads the first slots: the caller's descriptors, then the taken ones.
Napi::Value read_slots(Napi::Env env, const Napi::Object& options, Launching& launching) {
  const Napi::Value descriptors = value_at(options, "descriptors");
  Napi::Value wrong = env.Undefined();
  if (!descriptors.IsArray()) {
    wrong = error_of(env, "descriptors is an array");
  } else {
    const Failure failure = read_sources(descriptors.As<Napi::Array>(), launching.request.sources);
    if (failure) wrong = system_error(env, failure).Value();
    launching.exit_options.outputs = outputs_of(launching.request.sources);
  }
  if (!take_descriptors(value_at(options, "taken"), launching)) wrong = error_of(env, "taken are descriptors");
  return wrong;
}

// Reads the cgroups of the container. Returns undefined, or the error to reject with.
Napi::Value read_group(Napi::Env env, const Napi::Object& options, fs::Changes& limits, Launching& launching) {
  const Napi::Value value = value_at(options, "group");
  if (value.IsUndefined()) return value;
  if (!value.IsObject()) return error_of(env, "the group of a launch is an object");
  const auto group = value.As<Napi::Object>();
  if (const std::string wrong = read_changes(value_at(group, "limits"), limits); !wrong.empty()) {
    return error_of(env, wrong);
  }
  Failure failure;
  const Napi::Value cgroup = value_at(group, "cgroup"), seat = value_at(group, "seat");
  if (cgroup.IsNumber()) failure = duplicate(cgroup, launching.attempt.cgroup);
  if (!failure && seat.IsNumber()) failure = duplicate(seat, launching.attempt.seat);
  return failure ? system_error(env, failure).Value() : env.Undefined();
}

// Reads the container that the process is to enter, if any. Returns undefined, or the error to reject with.
Napi::Value read_target(Napi::Env env, const Napi::Object& options, std::optional<enter::Target>& target) {
  const Napi::Value value = value_at(options, "enter");
  if (value.IsUndefined()) return value;
  if (!value.IsObject()) return error_of(env, "the container to enter is an object");
  const auto container = value.As<Napi::Object>();
  const auto pid = as_number(value_at(container, "pid"));
  const auto start_time = parse_decimal(as_text(value_at(container, "startTime")).value_or(""));
  const auto program = as_text(value_at(container, "program"));
  const SharedPreparedStart boot = prepared_start_of(value_at(container, "boot"));
  if (!pid || !start_time || !program || boot == nullptr || boot->plan.supplied() != 3) {
    return error_of(env, "a container to enter has pid, startTime, program and boot");
  }
  target.emplace();
  target->pid = static_cast<pid_t>(*pid);
  target->start_time = *start_time;
  target->program = *program;
  const std::string wrong = boot->plan.fill({}, nullptr, target->boot);
  return wrong.empty() ? env.Undefined() : error_of(env, wrong);
}

// Makes the attempt: where the calls are made that need privilege, or in this process, if it enters a container.
std::unique_ptr<launch::Attempt> attempt_of(Launching& launching, std::optional<enter::Target> target) {
  if (!target) return launching.site.attempt(std::move(launching.attempt));
  return std::make_unique<enter::Entering>(std::move(launching.attempt), std::move(*target));
}

// Sets the callbacks of the start. Each thread fills the holes of the changes that it applies.
void fill_in(const SharedPreparedStart& prepared, Texts values, bool create, fs::Changes limits,
             std::optional<enter::Target> target, Launching& launching) {
  const auto texts = std::make_shared<const Texts>(std::move(values));
  launch::StartRequest& request = launching.request;
  launching.attempt.features = prepared->features;
  launching.attempt.maps = {.uid_map = prepared->uid_map.fill(*texts), .gid_map = prepared->gid_map.fill(*texts)};
  request.death_signal = launch::death_signal_of(plan::View(launching.attempt.plan.data()));
  request.attempt = attempt_of(launching, std::move(target));
  request.before = [prepared, texts, create, limits = std::move(limits)] {
    fs::Changes changes;
    prepared->checks.fill(*texts, changes);
    if (create) prepared->created.fill(*texts, changes);
    changes.insert(changes.end(), limits.begin(), limits.end());
    return changes;
  };
  if (prepared->running) {
    request.started = [prepared, texts](const supervise::Process& process) {
      return write_running(*prepared->running, *texts, process);
    };
  }
  launching.exit_options.fill_holes = [prepared, texts](AfterExit& after_exit) {
    prepared->ended.fill(*texts, after_exit.changes);
    prepared->background.fill(*texts, after_exit.background);
  };
}

// Reads the exit options. Returns undefined, or the error to reject with.
Napi::Value read_exit(Napi::Env env, const Napi::Object& options, bool background, Launching& launching) {
  const Napi::Value value = value_at(options, "onExit");
  if (value.IsUndefined()) return env.Undefined();
  const std::string wrong = read_exit_options(value, launching.site, launching.environment, launching.exit_options);
  if (!wrong.empty()) return error_of(env, wrong);
  const Failure failure = prepare_exit_threads(background);
  return failure ? system_error(env, failure).Value() : env.Undefined();
}

}  // namespace

Napi::Value read_launch(const Napi::CallbackInfo& info, Launching& launching) {
  Napi::Env env = info.Env();
  if (!info[1].IsObject()) return error_of(env, "the options of a launch are an object");
  const auto options = info[1].As<Napi::Object>();
  const Napi::Value wrong = read_slots(env, options, launching);
  const SharedPreparedStart prepared = prepared_start_of(info[0]);
  if (prepared == nullptr) return error_of(env, "not a prepared start of this addon");
  if (!wrong.IsUndefined()) return wrong;
  if (!info[2].IsObject()) return error_of(env, "the token of a launch is an object");
  Texts values;
  const std::string unfilled = fill_plan(*prepared, options, values, launching.attempt.plan);
  if (!unfilled.empty()) return error_of(env, unfilled);
  if (launching.request.sources.size() != prepared->plan.supplied()) {
    return error_of(env,
                    "the plan wants other descriptors than these " + std::to_string(launching.request.sources.size()));
  }
  fs::Changes limits;
  if (const Napi::Value bad = read_group(env, options, limits, launching); !bad.IsUndefined()) return bad;
  std::optional<enter::Target> target;
  if (const Napi::Value bad = read_target(env, options, target); !bad.IsUndefined()) return bad;
  const bool create = is_true(value_at(options, "create"));
  fill_in(prepared, std::move(values), create, std::move(limits), std::move(target), launching);
  return read_exit(env, options, !prepared->background.empty(), launching);
}

}  // namespace orlop::addon
