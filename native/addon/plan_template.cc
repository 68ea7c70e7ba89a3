#include "addon/plan_template.h"

#include <algorithm>
#include <cstring>

#include "addon/values.h"
#include "plan/format.h"
#include "plan/reader.h"

namespace orlop::addon {
namespace {

// Returns what is wrong, or empty.
std::string check(const std::vector<uint8_t>& plan) {
  const plan::Verdict verdict = plan::check(plan.data(), plan.size());
  if (verdict.fault == plan::Fault::kNone) return "";
  return "the plan is not well formed: fault " + std::to_string(static_cast<uint32_t>(verdict.fault)) +
         " at operation " + std::to_string(verdict.op);
}

void append_word(std::vector<uint8_t>& plan, uint32_t word) {
  const size_t at = plan.size();
  plan.resize(at + sizeof word);
  std::memcpy(&plan[at], &word, sizeof word);
}

// Appends a list of texts, and writes its offset and count into the words at `at`.
void append_texts(std::vector<uint8_t>& plan, const Texts& texts, size_t at) {
  std::vector<uint32_t> offsets;
  for (const std::string& text : texts) {
    offsets.push_back(static_cast<uint32_t>(plan.size()));
    plan.insert(plan.end(), text.c_str(), text.c_str() + text.size() + 1);
  }
  plan.resize((plan.size() + 3) / 4 * 4);
  const uint32_t list[2] = {texts.empty() ? 0 : static_cast<uint32_t>(plan.size()),
                            static_cast<uint32_t>(texts.size())};
  for (const uint32_t offset : offsets) append_word(plan, offset);
  std::memcpy(&plan[at], list, sizeof list);
}

size_t bytes_of(const Texts& texts) {
  size_t bytes = 2 * sizeof(uint32_t);
  for (const std::string& text : texts) bytes += text.size() + 1 + sizeof(uint32_t);
  return bytes;
}

// Returns what is wrong, or empty.
std::string write_command(const Command& command, std::vector<uint8_t>& plan) {
  const plan::View view(plan.data());
  if (view.count() == 0 || view.code(view.count() - 1) != plan::Code::Exec) return "the plan does not end in exec";
  const size_t words = sizeof(plan::Header) + (view.count() - 1) * sizeof(plan::Record) + offsetof(plan::Record, words);
  const size_t size = plan.size() + bytes_of(command.candidates) + bytes_of(command.argv) + bytes_of(command.env);
  if (size > plan::kMaxSize) return "the command line and the environment are too large";
  plan.reserve(size);
  append_texts(plan, command.candidates, words);
  append_texts(plan, command.argv, words + 2 * sizeof(uint32_t));
  append_texts(plan, command.env, words + 4 * sizeof(uint32_t));
  const uint32_t whole = static_cast<uint32_t>(plan.size());
  std::memcpy(&plan[offsetof(plan::Header, size)], &whole, sizeof whole);
  return check(plan);
}

}  // namespace

std::string PlanTemplate::read(const Napi::Value& plan, const Napi::Value& holes) {
  if (!plan.IsTypedArray() || plan.As<Napi::TypedArray>().TypedArrayType() != napi_uint8_array) {
    return "a plan is a Uint8Array";
  }
  // A copy: JavaScript may write to the array after the check.
  const auto bytes = plan.As<Napi::Uint8Array>();
  plan_.assign(bytes.Data(), bytes.Data() + bytes.ByteLength());
  if (std::string wrong = check(plan_); !wrong.empty()) return wrong;
  if (holes.IsUndefined()) return "";
  if (!holes.IsArray()) return "holes are an array of numbers";
  const auto list = holes.As<Napi::Array>();
  if (list.Length() % 3 != 0) return "each hole has an offset, a length and a number";
  const plan::View view(plan_.data());
  const size_t texts = sizeof(plan::Header) + view.count() * sizeof(plan::Record);
  for (uint32_t i = 0; i + 2 < list.Length(); i += 3) {
    const auto offset = as_number(value_at(list, i)), length = as_number(value_at(list, i + 1)),
               number = as_number(value_at(list, i + 2));
    if (!offset || !length || !number || *offset < 0 || *length < 0 || *number < 0 || *number > 9) {
      return "holes are an array of numbers";
    }
    const Hole hole{static_cast<size_t>(*offset), static_cast<size_t>(*length), static_cast<size_t>(*number)};
    if (hole.offset < texts) return "a hole is not in a text of the plan";
    if (hole.length > plan_.size() || hole.offset > plan_.size() - hole.length) return "a hole is outside of the plan";
    holes_.push_back(hole);
  }
  return "";
}

size_t PlanTemplate::holes() const {
  size_t count = 0;
  for (const Hole& hole : holes_) count = std::max(count, hole.number + 1);
  return count;
}

size_t PlanTemplate::supplied() const { return plan::View(plan_.data()).header().supplied; }

std::string PlanTemplate::fill(const Texts& values, const Command* command, std::vector<uint8_t>& plan) const {
  if (values.size() < holes()) return "each hole has a value";
  plan = plan_;
  for (const Hole& hole : holes_) {
    const std::string& value = values[hole.number];
    if (value.size() != hole.length) return "a value has the length of its hole";
    std::memcpy(&plan[hole.offset], value.data(), value.size());
  }
  if (command != nullptr) return write_command(*command, plan);
  return holes_.empty() ? "" : check(plan);
}

}  // namespace orlop::addon
