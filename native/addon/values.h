// Reads values from JavaScript arrays and objects. In a Worker that is being terminated, Node may refuse each read at
// any moment, and node-addon-api ends the program if the empty result is used. Here the result is `undefined` then,
// which the callers refuse.
// A getter that throws gives `undefined` as well: with an error pending, the next call into JavaScript would end the
// program.
#pragma once

#include <napi.h>

#include <optional>
#include <string>
#include <vector>

namespace orlop::addon {

template <typename Key>
Napi::Value value_at(const Napi::Object& object, Key key) {
  const Napi::Value value = object.Get(key);
  if (!value.IsEmpty()) return value;
  napi_value thrown;
  (void)napi_get_and_clear_last_exception(object.Env(), &thrown);
  return object.Env().Undefined();
}

inline std::optional<int64_t> as_number(const Napi::Value& value) {
  if (!value.IsNumber()) return std::nullopt;
  return value.As<Napi::Number>().Int64Value();
}

inline std::optional<std::string> as_text(const Napi::Value& value) {
  if (!value.IsString()) return std::nullopt;
  return value.As<Napi::String>().Utf8Value();
}

// Reads texts without a NUL, which would cut a path.
inline bool read_texts(const Napi::Value& value, std::vector<std::string>& texts) {
  if (!value.IsArray()) return false;
  const auto list = value.As<Napi::Array>();
  for (uint32_t i = 0; i < list.Length(); ++i) {
    auto text = as_text(value_at(list, i));
    if (!text || text->find('\0') != std::string::npos) return false;
    texts.push_back(std::move(*text));
  }
  return true;
}

inline bool is_true(const Napi::Value& value) { return value.IsBoolean() && value.As<Napi::Boolean>().Value(); }

}  // namespace orlop::addon
