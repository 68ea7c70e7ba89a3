// The binary form of a plan with holes, which each start fills with its values.
#pragma once

#include <napi.h>

#include <cstdint>
#include <string>
#include <vector>

#include "addon/text_template.h"

namespace orlop::addon {

// The command of the last operation, `exec` of ops.def.
struct Command {
  Texts candidates, argv, env;
};

class PlanTemplate {
 public:
  // Reads a plan. Returns what is wrong, or empty. `holes` are triples: offset, length, and number of the hole.
  std::string read(const Napi::Value& plan, const Napi::Value& holes);

  size_t holes() const;
  // Number of slots that a launch fills.
  size_t supplied() const;

  // Writes the plan of one start. A value has the length of its hole. `command`, unless null, replaces the command of
  // the last operation. Returns what is wrong, or empty.
  std::string fill(const Texts& values, const Command* command, std::vector<uint8_t>& plan) const;

 private:
  struct Hole {
    size_t offset, length, number;
  };
  std::vector<uint8_t> plan_;  // well formed
  std::vector<Hole> holes_;
};

}  // namespace orlop::addon
