// A start with holes: all that starts of one request have in common. It is the only thing that can be launched.
#pragma once

#include <napi.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "addon/plan_template.h"
#include "addon/text_template.h"
#include "base/failure.h"
#include "launch/outside.h"
#include "supervise/process.h"

namespace orlop::addon {

// The state of a container whose application runs, but for what only the launching thread knows: `path` gets `head`,
// the identity of the process, and `tail`.
struct RunningState {
  TextTemplate path, head, tail;
  bool durable = false;  // it has to reach the disk
};

// Does not change once it is made, so that any thread may read it.
struct PreparedStart {
  PlanTemplate plan;
  uint32_t features = 0;
  launch::IdMaps maps;
  ChangeTemplates checks;   // made before each launch
  ChangeTemplates created;  // made after these, where the container is not made yet
  std::optional<RunningState> running;
  ChangeTemplates ended, later;  // made when the application has ended, `later` in the background

  size_t holes() const;
};

using SharedPreparedStart = std::shared_ptr<const PreparedStart>;

// Null when the value is none of this addon's.
SharedPreparedStart prepared_start_of(const Napi::Value& value);

// Any thread.
Failure write_running(const RunningState& state, const Texts& values, const launch::Process& process);

// JS. Reads `values` and `command` of the options of a launch, and writes the plan. Empty, or what is wrong.
std::string fill_plan(const PreparedStart& prepared, const Napi::Object& options, Texts& values,
                      std::vector<uint8_t>& plan);

void add_prepare_function(Napi::Env env, Napi::Object exports);

}  // namespace orlop::addon
