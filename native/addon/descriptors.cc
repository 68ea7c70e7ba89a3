#include "addon/descriptors.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "addon/environment.h"
#include "addon/errors.h"
#include "addon/fs_work.h"

namespace orlop::addon {
namespace {

Napi::Value pipe(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) {
    system_error(env, failed("pipe2")).ThrowAsJavaScriptException();
    return env.Undefined();
  }
  Napi::Array pair = Napi::Array::New(env, 2);
  const auto environment = Environment::of(env);
  pair.Set(0u, environment->give(ends[0]));
  pair.Set(1u, environment->give(ends[1]));
  return pair;
}

Napi::Value try_lock(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  const std::string kind = info[1].IsString() ? info[1].As<Napi::String>().Utf8Value() : "";
  if (!info[0].IsNumber() || (kind != "shared" && kind != "exclusive")) {
    Napi::TypeError::New(env, "a lock is a descriptor, and 'shared' or 'exclusive'").ThrowAsJavaScriptException();
    return env.Undefined();
  }
  const int operation = (kind == "shared" ? LOCK_SH : LOCK_EX) | LOCK_NB;
  int result;
  do {
    result = flock(info[0].As<Napi::Number>().Int32Value(), operation);
  } while (result != 0 && errno == EINTR);
  if (result != 0 && errno != EWOULDBLOCK) {
    system_error(env, failed("flock")).ThrowAsJavaScriptException();
    return env.Undefined();
  }
  return Napi::Boolean::New(env, result == 0);
}

// The descriptor in the argument, which the environment no longer closes.
int taken_back(const Napi::CallbackInfo& info) {
  const int fd = info[0].IsNumber() ? info[0].As<Napi::Number>().Int32Value() : -1;
  Environment::of(info.Env())->take_back(fd);
  return fd;
}

// The kernel frees the descriptor in any case: EINTR and EIO are about the file.
Failure close_descriptor(int fd) { return close(fd) == 0 || errno == EINTR ? Failure{} : failed("close"); }

Napi::Value close_sync(const Napi::CallbackInfo& info) {
  const Failure failure = close_descriptor(taken_back(info));
  if (failure) system_error(info.Env(), failure).ThrowAsJavaScriptException();
  return info.Env().Undefined();
}

Napi::Value close_later(const Napi::CallbackInfo& info) {
  struct Nothing {};
  const auto work = [fd = taken_back(info)](Nothing*) { return close_descriptor(fd); };
  return FsWork<Nothing>::start(info.Env(), work, [](Napi::Env env, Nothing&) { return env.Undefined(); });
}

Napi::Value disown(const Napi::CallbackInfo& info) {
  taken_back(info);
  return info.Env().Undefined();
}

}  // namespace

void add_descriptor_functions(Napi::Env env, Napi::Object exports) {
  exports.Set("pipe", Napi::Function::New(env, pipe, "pipe"));
  exports.Set("close", Napi::Function::New(env, close_later, "close"));
  exports.Set("closeSync", Napi::Function::New(env, close_sync, "closeSync"));
  exports.Set("disown", Napi::Function::New(env, disown, "disown"));
  exports.Set("tryLock", Napi::Function::New(env, try_lock, "tryLock"));
}

}  // namespace orlop::addon
