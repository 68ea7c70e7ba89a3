#include "addon/launcher.h"

#include <string>

#include "addon/background.h"
#include "addon/deferred.h"
#include "addon/environment.h"
#include "addon/errors.h"
#include "addon/module.h"
#include "addon/values.h"
#include "launcher/client.h"
#include "supervise/reaper.h"

namespace orlop::addon {
namespace {

struct Started {
  launcher::Remote* remote = nullptr;
  launcher::Refusal refusal;
};

std::string text_at(const Napi::Object& options, const char* name) {
  return as_text(value_at(options, name)).value_or("");
}

Napi::Value started_object(Napi::Env env, const Started& started) {
  Napi::Object object = Napi::Object::New(env);
  const launcher::Refusal& refusal = started.refusal;
  if (started.remote == nullptr) {
    Napi::Object refused = system_error(env, refusal.failure).Value();
    refused.Set("step", Napi::Number::New(env, static_cast<uint32_t>(refusal.step)));
    refused.Set("text", refusal.text);
    object.Set("refused", refused);
    return object;
  }
  Napi::Object native = Napi::Object::New(env);
  add_functions(native, *started.remote);
  object.Set("native", native);
  object.Set("userNamespace", Napi::Number::New(env, started.remote->user_namespace()));
  object.Set("pid", Napi::Number::New(env, started.remote->pid()));
  return object;
}

Napi::Value start_launcher(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  if (!info[0].IsObject()) return Deferred(env).rejected(Napi::TypeError::New(env, "options are an object").Value());
  const auto given = info[0].As<Napi::Object>();
  const launcher::Options options{.executable = text_at(given, "executable"),
                                  .uid_map = text_at(given, "uidMap"),
                                  .gid_map = text_at(given, "gidMap"),
                                  .newuidmap = text_at(given, "newuidmap"),
                                  .newgidmap = text_at(given, "newgidmap")};
  return in_background<Started>(
      env,
      [options](Started* started) {
        if (Failure failure = supervise::Reaper::instance().prepare()) return failure;
        started->remote = launcher::Remote::of(options, &started->refusal);
        return Failure{};
      },
      [](Napi::Env later, Environment&, Started& started) { return started_object(later, started); });
}

}  // namespace

void add_launcher_function(Napi::Env env, Napi::Object exports) {
  exports.Set("startLauncher", Napi::Function::New(env, start_launcher, "startLauncher"));
}

}  // namespace orlop::addon
