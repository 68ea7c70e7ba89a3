// Work on libuv's thread pool, or at once, with a promise.
#pragma once

#include <napi.h>

#include <functional>
#include <utility>

#include "addon/deferred.h"
#include "addon/environment.h"
#include "addon/errors.h"
#include "base/failure.h"

namespace orlop::addon {

// `Work` is called off the JavaScript thread and fills a `Result`; `Convert` makes a value from the result, on the
// JavaScript thread. `Work` touches no JavaScript value, only copies.
template <typename Result>
class FsWork : public Napi::AsyncWorker {
 public:
  using Work = std::function<Failure(Result*)>;
  using Convert = std::function<Napi::Value(Napi::Env, Result&)>;

  static Napi::Value start(Napi::Env env, Work work, Convert convert) {
    if (Environment::of(env)->works_at_once()) return done(env, work, convert);
    auto* worker = new FsWork(env, std::move(work), std::move(convert));  // deletes itself at its end
    const Napi::Value promise = worker->deferred_.promise();
    worker->Queue();
    return promise;
  }

 protected:
  void Execute() override { failure_ = work_(&result_); }

  void OnOK() override {
    Napi::HandleScope scope(Env());
    if (!can_run(Env())) return;
    if (failure_) {
      deferred_.reject(system_error(Env(), failure_).Value());
    } else {
      deferred_.resolve(convert_(Env(), result_));
    }
  }

  void OnError(const Napi::Error& error) override { deferred_.reject(error.Value()); }

 private:
  FsWork(Napi::Env env, Work work, Convert convert)
      : Napi::AsyncWorker(env, "orlop:fs"), deferred_(env), work_(std::move(work)), convert_(std::move(convert)) {}

  static Napi::Value done(Napi::Env env, const Work& work, const Convert& convert) {
    const Deferred deferred(env);
    Result result{};
    if (Failure failure = work(&result)) {
      deferred.reject(system_error(env, failure).Value());
    } else {
      deferred.resolve(convert(env, result));
    }
    return deferred.promise();
  }

  Deferred deferred_;
  Work work_;
  Convert convert_;
  Result result_{};
  Failure failure_;
};

}  // namespace orlop::addon
