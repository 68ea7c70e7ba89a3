// A promise that C++ settles.
#pragma once

#include <napi.h>

namespace orlop::addon {

// In a Worker that is being terminated, Node may refuse promises at any moment. Napi::Promise::Deferred then returns
// uninitialised memory as its promise, and Node crashes on it. This class returns no value, which Node takes for
// `undefined`.
class Deferred {
 public:
  explicit Deferred(Napi::Env env) : env_(env) { (void)napi_create_promise(env, &deferred_, &promise_); }

  // Valid in the call that made it, as each handle.
  Napi::Value promise() const { return {env_, promise_}; }

  // Call one of both, once. A refusal is ignored: the Worker is terminating.
  void resolve(napi_value value) const {
    if (deferred_ != nullptr) (void)napi_resolve_deferred(env_, deferred_, value);
  }
  void reject(napi_value value) const {
    if (deferred_ != nullptr) (void)napi_reject_deferred(env_, deferred_, value);
  }
  // Rejects, and returns the promise.
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
