// Work on libuv's thread pool, or at once, that ends in a promise.
#pragma once

#include <napi.h>

#include <functional>
#include <utility>

#include "addon/environment.h"
#include "addon/errors.h"
#include "base/failure.h"

namespace orlop::addon {

// `Work` is called off the JavaScript thread and fills a `Result`; `Convert` makes a value of it, on that thread. Work
// touches no JavaScript value: what it needs was copied before.
template <typename Result>
class FsWork : public Napi::AsyncWorker {
 public:
  using Work = std::function<Failure(Result*)>;
  using Convert = std::function<Napi::Value(Napi::Env, Result&)>;

  static Napi::Value start(Napi::Env env, Work work, Convert convert) {
    if (Environment::of(env)->works_at_once()) return done(env, work, convert);
    auto* worker = new FsWork(env, std::move(work), std::move(convert));  // deletes itself when it has ended
    Napi::Promise promise = worker->deferred_.Promise();
    worker->Queue();
    return promise;
  }

 protected:
  void Execute() override { failure_ = work_(&result_); }

  void OnOK() override {
    Napi::HandleScope scope(Env());
    if (!can_run_javascript(Env())) return;
    if (failure_) {
      deferred_.Reject(system_error(Env(), failure_).Value());
    } else {
      deferred_.Resolve(convert_(Env(), result_));
    }
  }

  void OnError(const Napi::Error& error) override { deferred_.Reject(error.Value()); }

 private:
  FsWork(Napi::Env env, Work work, Convert convert)
      : Napi::AsyncWorker(env, "orlop:fs"),
        deferred_(Napi::Promise::Deferred::New(env)),
        work_(std::move(work)),
        convert_(std::move(convert)) {}

  static Napi::Value done(Napi::Env env, const Work& work, const Convert& convert) {
    Napi::Promise::Deferred deferred = Napi::Promise::Deferred::New(env);
    Result result{};
    if (Failure failure = work(&result)) {
      deferred.Reject(system_error(env, failure).Value());
    } else {
      deferred.Resolve(convert(env, result));
    }
    return deferred.Promise();
  }

  // Work may end while its Worker is being torn down: nobody is left to hear of it, and node-addon-api would end the
  // whole process at the first call that is refused. Setting a property is one that is refused then.
  static bool can_run_javascript(napi_env env) {
    napi_value object = nullptr;
    return napi_create_object(env, &object) == napi_ok && napi_set_named_property(env, object, "a", object) == napi_ok;
  }

  Napi::Promise::Deferred deferred_;
  Work work_;
  Convert convert_;
  Result result_{};
  Failure failure_;
};

}  // namespace orlop::addon
