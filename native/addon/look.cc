#include "addon/look.h"

#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <cerrno>
#include <memory>
#include <string>

#include "addon/deferred.h"
#include "addon/environment.h"
#include "addon/errors.h"
#include "base/thread.h"
#include "fs/look.h"

namespace orlop::addon {
namespace {

using fs::Looked;

// As mknod(1) takes it: "b 8:0"; empty for a file that is no device.
std::string special_of(const Looked& looked) {
  const bool block = S_ISBLK(looked.mode);
  if (!block && !S_ISCHR(looked.mode)) return "";
  return (block ? "b " : "c ") + std::to_string(major(looked.special)) + ":" + std::to_string(minor(looked.special));
}

Napi::Object looked_object(Napi::Env env, const Looked& looked) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("path", looked.path);
  object.Set("device", Napi::BigInt::New(env, looked.device));
  object.Set("inode", Napi::BigInt::New(env, looked.inode));
  object.Set("directory", Napi::Boolean::New(env, S_ISDIR(looked.mode)));
  object.Set("special", special_of(looked));
  object.Set("fileSystem", static_cast<double>(looked.file_system));
  return object;
}

void settle(Napi::Env env, const Deferred& deferred, const Failure& failure, const Looked& looked) {
  if (failure) {
    deferred.reject(system_error(env, failure).Value());
  } else {
    deferred.resolve(looked_object(env, looked));
  }
}

// A file system whose server does not answer may block the lookup for ever. So it runs on a thread of its own: libuv
// has four, and the program's files and its end wait for them; and launcher threads must stay free.
Napi::Value look_at(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  const Deferred deferred(env);
  if (!info[0].IsString()) return deferred.rejected(Napi::TypeError::New(env, "a path is a string").Value());
  const std::string path = info[0].As<Napi::String>();
  const auto environment = Environment::of(env);
  const auto looked = std::make_shared<Looked>();
  if (environment->works_at_once()) {
    const Failure failure = fs::look_at(path, looked.get());
    settle(env, deferred, failure, *looked);
    return deferred.promise();
  }
  const bool started = start_detached_thread("orlop-look", [=] {
    const Failure failure = fs::look_at(path, looked.get());
    environment->post([=](Napi::Env later) { settle(later, deferred, failure, *looked); });
  });
  if (!started) settle(env, deferred, {EAGAIN, "pthread_create", ""}, *looked);
  return deferred.promise();
}

}  // namespace

void add_look_function(Napi::Env env, Napi::Object exports) {
  exports.Set("lookAt", Napi::Function::New(env, look_at, "lookAt"));
}

}  // namespace orlop::addon
