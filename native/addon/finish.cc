#include "addon/finish.h"

#include <memory>
#include <string>

#include "addon/ending.h"
#include "addon/environment.h"
#include "addon/errors.h"
#include "addon/process.h"
#include "addon/values.h"

namespace orlop::addon {
namespace {

// The pipes are the ending's from now on. Undefined, or the error to reject with.
Napi::Value read_request(Napi::Env env, const Napi::Object& request, Ending& ending) {
  const Napi::Value pipes = value_at(request, "outputs");
  if (!pipes.IsArray()) return Napi::TypeError::New(env, "outputs are an array of descriptors").Value();
  if (const std::string wrong = read_following(request, ending); !wrong.empty()) {
    return Napi::TypeError::New(env, wrong).Value();
  }
  const auto list = pipes.As<Napi::Array>();
  for (uint32_t i = 0; i < list.Length(); ++i) {
    const auto number = as_number(value_at(list, i));
    if (!number) return Napi::TypeError::New(env, "outputs are an array of descriptors").Value();
    const auto fd = static_cast<int>(*number);
    ending.environment->take_back(fd);
    add_output(ending, UniqueFd(fd));
  }
  return env.Undefined();
}

Napi::Value finish(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  const auto process = process_of(env, info[0]);
  if (process == nullptr) return env.Undefined();
  const auto ending = std::make_shared<Ending>(Environment::of(env));
  const Deferred& deferred = ending->deferred.emplace(env);
  ending->process = process;
  const Napi::Value wrong = info[1].IsObject() ? read_request(env, info[1].As<Napi::Object>(), *ending)
                                               : Napi::TypeError::New(env, "what to finish is an object").Value();
  if (!wrong.IsUndefined()) return deferred.rejected(wrong);
  Failure failure = prepare_to_follow(!ending->later.empty());
  if (!failure) failure = follow(ending);
  if (failure) return deferred.rejected(system_error(env, failure).Value());
  ending->environment->hold(env);
  return deferred.promise();
}

}  // namespace

void add_finish_functions(Napi::Env env, Napi::Object exports) {
  exports.Set("finish", Napi::Function::New(env, finish, "finish"));
}

}  // namespace orlop::addon
