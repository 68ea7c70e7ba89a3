#include "addon/descriptors.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "addon/errors.h"

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
  pair.Set(0u, ends[0]);
  pair.Set(1u, ends[1]);
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

}  // namespace

void add_descriptor_functions(Napi::Env env, Napi::Object exports) {
  exports.Set("pipe", Napi::Function::New(env, pipe, "pipe"));
  exports.Set("tryLock", Napi::Function::New(env, try_lock, "tryLock"));
}

}  // namespace orlop::addon
