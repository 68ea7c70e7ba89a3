// A promise that C++ settles.
#pragma once

#include <napi.h>

namespace orlop::addon {

// In a Worker that is being terminated, promises are refused from one moment to the next. Napi::Promise::Deferred then
// gives what lay in the memory before as its promise, and Node, to which it is returned, goes where that points. Here
// it is no value, which Node takes for `undefined`: nobody is left to see it.
class Deferred {
 public:
  explicit Deferred(Napi::Env env) : env_(env) { (void)napi_create_promise(env, &deferred_, &promise_); }

  // For the call that made it: a handle does not live longer.
  Napi::Value promise() const { return {env_, promise_}; }

  // Once, either of them; where that is refused too, nobody is left to hear of it.
  void resolve(napi_value value) const {
    if (deferred_ != nullptr) (void)napi_resolve_deferred(env_, deferred_, value);
  }
  void reject(napi_value value) const {
    if (deferred_ != nullptr) (void)napi_reject_deferred(env_, deferred_, value);
  }
  // The promise, rejected at once.
  Napi::Value rejected(const Napi::Value& error) const {
    reject(error);
    return promise();
  }

 private:
  napi_env env_;
  napi_deferred deferred_ = nullptr;
  napi_value promise_ = nullptr;
};

}  // namespace orlop::addon
