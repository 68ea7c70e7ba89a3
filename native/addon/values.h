// Reads values from JavaScript arrays and objects. In a Worker that is being terminated, Node may refuse each read at
// any moment, and node-addon-api ends the program if the empty result is used. Here the result is `undefined` then,
// which the callers refuse.
#pragma once

#include <napi.h>

#include <optional>
#include <string>

namespace orlop::addon {

template <typename Key>
Napi::Value value_at(const Napi::Object& object, Key key) {
  const Napi::Value value = object.Get(key);
  return value.IsEmpty() ? object.Env().Undefined() : value;
}

inline std::optional<int64_t> as_number(const Napi::Value& value) {
  if (!value.IsNumber()) return std::nullopt;
  return value.As<Napi::Number>().Int64Value();
}

inline std::optional<std::string> as_text(const Napi::Value& value) {
  if (!value.IsString()) return std::nullopt;
  return value.As<Napi::String>().Utf8Value();
}

inline bool is_true(const Napi::Value& value) { return value.IsBoolean() && value.As<Napi::Boolean>().Value(); }

}  // namespace orlop::addon
