#include "addon/launch_template.h"

#include <memory>
#include <utility>
#include <vector>

#include "addon/changes.h"
#include "addon/deferred.h"
#include "addon/ending.h"
#include "addon/errors.h"
#include "addon/form.h"
#include "addon/launch.h"
#include "addon/launch_request.h"
#include "addon/supplies.h"
#include "addon/values.h"
#include "base/clock.h"
#include "launch/supply.h"
#include "plan/reader.h"

namespace orlop::addon {
namespace {

using launch::Supply;

// A launch with blanks in its texts. Does not change once it is made, so that any thread may read it.
struct LaunchTemplate {
  size_t blanks = 0;
  Form plan;
  std::vector<Supply::Kind> supplies;
  uint32_t features = 0;
  ChangeForms before;
  Form path, head, tail;  // of the record
  bool collect = false, quiet = false;
  size_t limit = 0;
  ChangeForms changes, later;  // what follows the end
};

using Handle = std::shared_ptr<const LaunchTemplate>;

// Marks our objects, so that a foreign one is refused and not taken for a pointer.
constexpr napi_type_tag kTag = {0x6f726c6f702d6c61, 0x756e636800000001};

void drop_handle(napi_env, void* data, void*) { delete static_cast<Handle*>(data); }

Handle template_of(const Napi::Value& value) {
  void* data = nullptr;
  if (value.IsObject() && value.As<Napi::Object>().CheckTypeTag(&kTag)) napi_unwrap(value.Env(), value, &data);
  return data == nullptr ? nullptr : *static_cast<Handle*>(data);
}

bool read_texts(const Napi::Value& value, Texts& texts) {
  if (!value.IsArray()) return false;
  const auto list = value.As<Napi::Array>();
  for (uint32_t i = 0; i < list.Length(); ++i) {
    const auto text = as_text(value_at(list, i));
    // A path that ends early would be another one.
    if (!text || text->empty() || text->find('\0') != std::string::npos) return false;
    texts.push_back(*text);
  }
  return true;
}

// What the application gets as its streams: opened anew for each launch, so nothing of the caller's.
bool read_supplies_of(const Napi::Value& value, std::vector<Supply::Kind>& kinds) {
  std::vector<Supply> supplies;
  if (!value.IsArray() || read_supplies(value.As<Napi::Array>(), supplies)) return false;
  for (const Supply& supply : supplies) {
    if (supply.kind == Supply::Kind::kDescriptor) return false;
    kinds.push_back(supply.kind);
  }
  return true;
}

// Empty, or what is wrong.
std::string read_following_of(const Napi::Object& options, const std::shared_ptr<Environment>& environment,
                              const Texts& blanks, LaunchTemplate& made) {
  Followed followed;
  const std::string wrong = read_finish(value_at(options, "finish"), environment, followed);
  if (!wrong.empty()) return wrong;
  if (followed.ending == nullptr) return "a template says what follows the end";
  made.collect = followed.collect;
  made.quiet = followed.quiet;
  made.limit = followed.ending->limit;
  made.changes = ChangeForms(followed.ending->changes, blanks);
  made.later = ChangeForms(followed.ending->later, blanks);
  return "";
}

// Empty, or what is wrong.
std::string read_template(const Napi::CallbackInfo& info, LaunchTemplate& made) {
  Texts blanks;
  std::vector<uint8_t> plan;
  fs::Changes before;
  if (!read_texts(info[2], blanks)) return "blanks are an array of texts";
  if (std::string wrong = read_plan(info[0], plan); !wrong.empty()) return wrong;
  if (!info[1].IsObject()) return "the options of a launch are an object";
  const auto options = info[1].As<Napi::Object>();
  if (!read_supplies_of(value_at(options, "descriptors"), made.supplies)) return "a template has no descriptors";
  if (std::string wrong = read_changes(value_at(options, "before"), before); !wrong.empty()) return wrong;
  const auto features = as_number(value_at(options, "features"));
  if (!features) return "features are a number";
  const auto record = read_record(value_at(options, "record"));
  if (!record) return "a record is a path, a head and a tail";
  made.blanks = blanks.size();
  made.plan = Form(std::string(plan.begin(), plan.end()), blanks);
  made.features = static_cast<uint32_t>(*features);
  made.before = ChangeForms(before, blanks);
  made.path = Form(record->path, blanks);
  made.head = Form(record->head, blanks);
  made.tail = Form(record->tail, blanks);
  return read_following_of(options, Environment::of(info.Env()), blanks, made);
}

Napi::Value make_template(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  auto made = std::make_shared<LaunchTemplate>();
  if (const std::string wrong = read_template(info, *made); !wrong.empty()) {
    Napi::TypeError::New(env, wrong).ThrowAsJavaScriptException();
    return env.Undefined();
  }
  Napi::Object object = Napi::Object::New(env);
  object.TypeTag(&kTag);
  auto handle = std::make_unique<Handle>(std::move(made));
  if (napi_wrap(env, object, handle.get(), drop_handle, nullptr, nullptr) == napi_ok) (void)handle.release();
  return object;
}

// What other threads have to write is filled in there.
void fill_in(const Handle& from, Texts values, Launching& launching) {
  const auto texts = std::make_shared<const Texts>(std::move(values));
  launch::StartRequest& request = launching.request;
  request.features = from->features;
  request.before = [from, texts] { return fs::apply(from->before.fill(*texts)); };
  request.started = [from, texts](const launch::Process& process) {
    return write_record({from->path.fill(*texts), from->head.fill(*texts), from->tail.fill(*texts)}, process);
  };
  Followed& followed = launching.followed;
  followed.ending = std::make_shared<Ending>(launching.environment);
  followed.ending->limit = from->limit;
  followed.collect = from->collect;
  followed.quiet = from->quiet;
  followed.fill = [from, texts](Ending& ending) {
    ending.changes = from->changes.fill(*texts);
    ending.later = from->later.fill(*texts);
  };
}

// Undefined, or the error to reject with.
Napi::Value read_like(const Napi::CallbackInfo& info, Launching& launching) {
  Napi::Env env = info.Env();
  const auto error = [env](const std::string& text) { return Napi::TypeError::New(env, text).Value(); };
  const Handle from = template_of(info[0]);
  if (from != nullptr) {
    for (const Supply::Kind kind : from->supplies) launching.request.supplied.emplace_back().kind = kind;
  }
  launching.followed.outputs = outputs_of(launching.request.supplied);
  // These are the launch's, whatever comes of it.
  if (!take_given(info[2], launching)) return error("given is an array of descriptors");
  Texts values;
  if (from == nullptr) return error("not a template of this addon");
  if (!read_texts(info[1], values) || values.size() != from->blanks) return error("each blank has a text");
  if (!info[3].IsObject()) return error("the token of a launch is an object");
  const std::string plan = from->plan.fill(values);
  launching.request.plan.assign(plan.begin(), plan.end());
  if (const std::string wrong = check_plan(launching.request.plan); !wrong.empty()) return error(wrong);
  if (launching.request.supplied.size() != plan::View(launching.request.plan.data()).header().supplied) {
    return error("the plan wants other descriptors than these");
  }
  fill_in(from, std::move(values), launching);
  const Failure failure = prepare_to_follow(!from->later.empty());
  return failure ? system_error(env, failure).Value() : env.Undefined();
}

Napi::Value launch_like(const Napi::CallbackInfo& info) {
  const uint64_t called = monotonic_ns();
  const auto launching = std::make_shared<Launching>(info.Env());
  launching->request.called = called;
  const Napi::Value wrong = read_like(info, *launching);
  if (!wrong.IsUndefined()) return launching->deferred.rejected(wrong);
  return submit(info.Env(), launching, info[3].As<Napi::Object>());
}

}  // namespace

void add_launch_template_functions(Napi::Env env, Napi::Object exports) {
  exports.Set("launchTemplate", Napi::Function::New(env, make_template, "launchTemplate"));
  exports.Set("launchLike", Napi::Function::New(env, launch_like, "launchLike"));
}

}  // namespace orlop::addon
