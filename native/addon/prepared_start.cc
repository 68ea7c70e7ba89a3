#include "addon/prepared_start.h"

#include <algorithm>
#include <utility>

#include "addon/changes.h"
#include "addon/values.h"
#include "fs/changes.h"

namespace orlop::addon {
namespace {

using Handle = SharedPreparedStart;

// Marks the addon's objects, so that a foreign object is refused.
constexpr napi_type_tag kTag = {0x6f726c6f702d7072, 0x6570617265640001};

void drop_handle(napi_env, void* data, void*) { delete static_cast<Handle*>(data); }

std::string read_change_templates(const Napi::Value& value, ChangeTemplates& templates) {
  if (value.IsUndefined()) return "";
  fs::Changes changes;
  if (std::string wrong = read_changes_with_holes(value, changes); !wrong.empty()) return wrong;
  auto parsed = ChangeTemplates::parse(changes);
  if (!parsed) return "a change has a NUL that is no hole";
  templates = std::move(*parsed);
  return "";
}

std::optional<TextTemplate> text_template_at(const Napi::Object& object, const char* name) {
  const auto text = as_text(value_at(object, name));
  return text ? TextTemplate::parse(*text) : std::nullopt;
}

std::string read_map(const Napi::Value& value, TextTemplate& map) {
  if (value.IsUndefined()) return "";
  const auto text = as_text(value);
  auto parsed = text ? TextTemplate::parse(*text) : std::nullopt;
  if (!parsed) return "an ID map is a text";
  map = std::move(*parsed);
  return "";
}

std::string read_running(const Napi::Value& value, std::optional<RunningState>& running) {
  if (value.IsUndefined()) return "";
  if (!value.IsObject()) return "the running state is a path, a head and a tail";
  const auto object = value.As<Napi::Object>();
  auto path = text_template_at(object, "path"), head = text_template_at(object, "head"),
       tail = text_template_at(object, "tail");
  if (!path || !head || !tail) return "the running state is a path, a head and a tail";
  running = {std::move(*path), std::move(*head), std::move(*tail), is_true(value_at(object, "durable"))};
  return "";
}

// Returns what is wrong, or empty.
std::string read_prepared(const Napi::CallbackInfo& info, PreparedStart& made) {
  if (!info[1].IsObject()) return "what is prepared is an object";
  const auto options = info[1].As<Napi::Object>();
  std::string wrong = made.plan.read(info[0], value_at(options, "holes"));
  const auto features = as_number(value_at(options, "features"));
  if (wrong.empty() && !features) wrong = "features are a number";
  made.features = static_cast<uint32_t>(features.value_or(0));
  if (wrong.empty()) wrong = read_map(value_at(options, "uidMap"), made.uid_map);
  if (wrong.empty()) wrong = read_map(value_at(options, "gidMap"), made.gid_map);
  if (wrong.empty()) wrong = read_change_templates(value_at(options, "checks"), made.checks);
  if (wrong.empty()) wrong = read_change_templates(value_at(options, "created"), made.created);
  if (wrong.empty()) wrong = read_running(value_at(options, "running"), made.running);
  if (wrong.empty()) wrong = read_change_templates(value_at(options, "ended"), made.ended);
  if (wrong.empty()) wrong = read_change_templates(value_at(options, "background"), made.background);
  return wrong;
}

bool read_command(const Napi::Object& command, Command& read) {
  return read_texts(value_at(command, "candidates"), read.candidates) &&
         read_texts(value_at(command, "argv"), read.argv) && read_texts(value_at(command, "env"), read.env);
}

Napi::Value prepare(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  auto made = std::make_shared<PreparedStart>();
  if (const std::string wrong = read_prepared(info, *made); !wrong.empty()) {
    Napi::TypeError::New(env, wrong).ThrowAsJavaScriptException();
    return env.Undefined();
  }
  Napi::Object object = Napi::Object::New(env);
  object.TypeTag(&kTag);
  auto handle = std::make_unique<Handle>(std::move(made));
  if (napi_wrap(env, object, handle.get(), drop_handle, nullptr, nullptr) == napi_ok) (void)handle.release();
  return object;
}

}  // namespace

size_t PreparedStart::holes() const {
  const size_t of_state = running ? std::max({running->path.holes(), running->head.holes(), running->tail.holes()}) : 0;
  return std::max({plan.holes(), uid_map.holes(), gid_map.holes(), checks.holes(), created.holes(), of_state,
                   ended.holes(), background.holes()});
}

SharedPreparedStart prepared_start_of(const Napi::Value& value) {
  void* data = nullptr;
  if (value.IsObject() && value.As<Napi::Object>().CheckTypeTag(&kTag)) napi_unwrap(value.Env(), value, &data);
  return data == nullptr ? nullptr : *static_cast<Handle*>(data);
}

Failure write_running(const RunningState& state, const Texts& values, const supervise::Process& process) {
  const auto time = process.start_time();
  const std::string start_time = time ? '"' + std::to_string(*time) + '"' : "null";
  const std::string identity = "\"pid\":" + std::to_string(process.pid()) + ",\"startTime\":" + start_time;
  return fs::replace_file(state.path.fill(values), state.head.fill(values) + identity + state.tail.fill(values), 0600,
                          state.durable);
}

std::string fill_plan(const PreparedStart& prepared, const Napi::Object& options, Texts& values,
                      std::vector<uint8_t>& plan) {
  if (!read_texts(value_at(options, "values"), values)) return "values are an array of texts";
  if (values.size() < prepared.holes()) return "each hole has a value";
  const Napi::Value command = value_at(options, "command");
  if (command.IsUndefined()) return prepared.plan.fill(values, nullptr, plan);
  Command read;
  if (!command.IsObject() || !read_command(command.As<Napi::Object>(), read)) return "a command is lists of texts";
  return prepared.plan.fill(values, &read, plan);
}

void add_prepare_function(Napi::Env env, Napi::Object exports) {
  exports.Set("prepare", Napi::Function::New(env, prepare, "prepare"));
}

}  // namespace orlop::addon
