// A prepared start, with holes: what all starts of one request have in common. Nothing else can be launched.
#pragma once

#include <napi.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "addon/plan_template.h"
#include "addon/text_template.h"
#include "base/failure.h"
#include "supervise/process.h"

namespace orlop::addon {

// The state file of a running container: `head`, the identity of the process, and `tail` are written to `path`.
struct RunningState {
  TextTemplate path, head, tail;
  bool durable = false;  // written to the disk before the launch resolves
};

// Immutable, so any thread may read it.
struct PreparedStart {
  PlanTemplate plan;
  uint32_t features = 0;
  TextTemplate uid_map, gid_map;  // of the plan's user namespace
  ChangeTemplates checks;         // checked before each launch
  ChangeTemplates created;        // applied after the checks, if the launch makes the container
  std::optional<RunningState> running;
  ChangeTemplates ended, background;  // applied after the exit; `background` after `ended`, on the background thread

  size_t holes() const;
};

using SharedPreparedStart = std::shared_ptr<const PreparedStart>;

// Null if the value is no prepared start of this addon.
SharedPreparedStart prepared_start_of(const Napi::Value& value);

// Any thread. Writes the state file.
Failure write_running(const RunningState& state, const Texts& values, const supervise::Process& process);

// JS. Reads `values` and `command` of the options of a launch, and writes the plan. Returns what is wrong, or empty.
std::string fill_plan(const PreparedStart& prepared, const Napi::Object& options, Texts& values,
                      std::vector<uint8_t>& plan);

void add_prepare_function(Napi::Env env, Napi::Object exports);

}  // namespace orlop::addon
