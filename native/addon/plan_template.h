// The binary form of a plan with holes in it, which each start fills with values of its own.
#pragma once

#include <napi.h>

#include <cstdint>
#include <string>
#include <vector>

#include "addon/text_template.h"

namespace orlop::addon {

// What the last operation of a plan executes, `exec` of ops.def: where the program is looked for, and with what.
struct Command {
  Texts candidates, argv, env;
};

class PlanTemplate {
 public:
  // Empty, or what is wrong. `holes` are triples: offset, length, and number of the hole.
  std::string read(const Napi::Value& plan, const Napi::Value& holes);

  size_t holes() const;
  // Descriptors that a launch supplies.
  size_t supplied() const;

  // Writes the plan of one start. A value has the length of its hole. The command, if there is one, takes the place of
  // that in the last operation. Empty, or what is wrong.
  std::string fill(const Texts& values, const Command* command, std::vector<uint8_t>& plan) const;

 private:
  struct Hole {
    size_t offset, length, number;
  };
  std::vector<uint8_t> plan_;  // well formed
  std::vector<Hole> holes_;
};

}  // namespace orlop::addon
