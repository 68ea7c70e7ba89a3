#include "addon/process.h"

#include <cerrno>
#include <string>

#include "addon/deferred.h"
#include "addon/environment.h"
#include "addon/errors.h"
#include "addon/values.h"
#include "supervise/reaper.h"

namespace orlop::addon {
namespace {

using Handle = std::shared_ptr<supervise::Process>;

// Marks the addon's objects, so that a foreign object is refused.
constexpr napi_type_tag kProcessTag = {0x6f726c6f702d7072, 0x6f63657373000001};

void drop_handle(napi_env, void* data, void*) { delete static_cast<Handle*>(data); }

Napi::Object usage_object(Napi::Env env, const Usage& usage) {
  Napi::Object object = Napi::Object::New(env);
  const auto set = [&](const char* name, int64_t value) {
    object.Set(name, Napi::Number::New(env, static_cast<double>(value)));
  };
  set("userMicros", usage.user_us);
  set("systemMicros", usage.system_us);
  set("maxResidentKilobytes", usage.max_resident_kb);
  set("blocksRead", usage.blocks_read);
  set("blocksWritten", usage.blocks_written);
  return object;
}

// Identity of a process that another program started; nothing with a pending TypeError if the arguments are wrong.
struct Identity {
  pid_t pid = 0;
  uint64_t start_time = 0;
};

std::optional<Identity> identity_of(const Napi::CallbackInfo& info) {
  const int64_t pid = info[0].IsNumber() ? info[0].As<Napi::Number>().Int64Value() : 0;
  const auto start = info[1].IsString() ? parse_decimal(info[1].As<Napi::String>().Utf8Value()) : std::nullopt;
  if (pid > 0 && pid <= INT32_MAX && start) return Identity{static_cast<pid_t>(pid), *start};
  Napi::TypeError::New(info.Env(), "a process is named by its number and its start time in decimal digits")
      .ThrowAsJavaScriptException();
  return std::nullopt;
}

// True if the signal was sent, false if the process has exited; throws otherwise.
Napi::Value sent(Napi::Env env, int error) {
  if (error == 0 || error == ESRCH) return Napi::Boolean::New(env, error == 0);
  system_error(env, {error, "pidfd_send_signal"}).ThrowAsJavaScriptException();
  return env.Undefined();
}

void settle_wait(Napi::Env env, const Deferred& deferred, pid_t pid, const Exit& exit) {
  if (!exit.stolen) {
    deferred.resolve(reaped_object(env, exit));
    return;
  }
  deferred.reject(stolen_error(env, pid).Value());
}

Napi::Value wait(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  const Handle process = process_of(env, info[0]);
  if (process == nullptr) return env.Undefined();
  const auto environment = Environment::of(env);
  const Deferred deferred(env);
  environment->hold(env);
  process->on_exit([environment, deferred, pid = process->pid()](const Exit& exit) {
    environment->post([environment, deferred, pid, exit](Napi::Env later) {
      environment->release(later);
      settle_wait(later, deferred, pid, exit);
    });
  });
  return deferred.promise();
}

Napi::Value kill(const Napi::CallbackInfo& info) {
  const Handle process = process_of(info.Env(), info[0]);
  if (process == nullptr) return info.Env().Undefined();
  return sent(info.Env(), process->kill(static_cast<int>(as_number(info[1]).value_or(0))));
}

Napi::Value kill_other(const Napi::CallbackInfo& info) {
  const auto identity = identity_of(info);
  if (!identity) return info.Env().Undefined();
  const Handle process = supervise::Process::other(identity->pid, identity->start_time);
  return sent(info.Env(), process == nullptr ? ESRCH : process->kill(static_cast<int>(as_number(info[2]).value_or(0))));
}

Napi::Value wait_other(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  const auto identity = identity_of(info);
  if (!identity) return env.Undefined();
  const Deferred deferred(env);
  const Handle process = supervise::Process::other(identity->pid, identity->start_time);
  if (process == nullptr) {
    deferred.resolve(Napi::Boolean::New(env, false));
    return deferred.promise();
  }
  const Failure failure = supervise::Reaper::instance().watch(process);
  if (failure) return deferred.rejected(system_error(env, failure).Value());
  const auto environment = Environment::of(env);
  environment->hold(env);
  process->on_exit([environment, deferred](const Exit&) {
    environment->post([environment, deferred](Napi::Env later) {
      environment->release(later);
      deferred.resolve(Napi::Boolean::New(later, true));
    });
  });
  return deferred.promise();
}

}  // namespace

Handle process_of(Napi::Env env, Napi::Value value) {
  void* data = nullptr;
  if (value.IsObject() && value.As<Napi::Object>().CheckTypeTag(&kProcessTag)) napi_unwrap(env, value, &data);
  if (data != nullptr) return *static_cast<Handle*>(data);
  Napi::TypeError::New(env, "not a process of this addon").ThrowAsJavaScriptException();
  return nullptr;
}

Napi::Error stolen_error(Napi::Env env, pid_t pid) {
  Napi::Error error = system_error(env, {ECHILD, "waitid"});
  error.Value().Set("message", "ECHILD: how process " + std::to_string(pid) +
                                   " ended is not known: something else in this program waited for it, or ignores "
                                   "SIGCHLD");
  return error;
}

Napi::Object exit_object(Napi::Env env, const Exit& exit) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("code", exit.signal == 0 ? Napi::Value(Napi::Number::New(env, exit.code)) : env.Null());
  object.Set("signal", exit.signal != 0 ? Napi::Value(Napi::Number::New(env, exit.signal)) : env.Null());
  return object;
}

Napi::Object reaped_object(Napi::Env env, const Exit& exit) {
  Napi::Object object = exit_object(env, exit);
  object.Set("seen", Napi::Number::New(env, static_cast<double>(exit.seen)));
  object.Set("usage", usage_object(env, exit.usage));
  return object;
}

Napi::Object process_object(Napi::Env env, const std::shared_ptr<supervise::Process>& process) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("pid", process->pid());
  const auto start_time = process->start_time();
  object.Set("startTime", start_time ? Napi::Value(Napi::String::New(env, std::to_string(*start_time))) : env.Null());
  object.TypeTag(&kProcessTag);
  auto handle = std::make_unique<Handle>(process);
  if (napi_wrap(env, object, handle.get(), drop_handle, nullptr, nullptr) == napi_ok) (void)handle.release();
  return object;
}

void add_process_functions(Napi::Env env, Napi::Object exports) {
  exports.Set("wait", Napi::Function::New(env, wait, "wait"));
  exports.Set("kill", Napi::Function::New(env, kill, "kill"));
  exports.Set("killOther", Napi::Function::New(env, kill_other, "killOther"));
  exports.Set("waitOther", Napi::Function::New(env, wait_other, "waitOther"));
}

}  // namespace orlop::addon
