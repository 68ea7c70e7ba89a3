#include "addon/changes.h"

#include <iterator>
#include <optional>
#include <utility>

#include "addon/deferred.h"
#include "addon/errors.h"
#include "addon/fs_work.h"
#include "addon/site.h"
#include "addon/values.h"

namespace orlop::addon {
namespace {

using fs::Change;
using Kind = Change::Kind;

std::optional<Kind> kind_of(const std::string& name) {
  constexpr std::pair<const char*, Kind> kKinds[] = {
      {"lock", Kind::kLock},           {"absent", Kind::kAbsent},
      {"mkdir", Kind::kMakeDirectory}, {"write", Kind::kWrite},
      {"rename", Kind::kRename},       {"discard", Kind::kDiscard},
      {"unlink", Kind::kUnlink},       {"rmdir", Kind::kRemoveDirectory},
      {"remove", Kind::kRemoveTree},   {"share", Kind::kShare},
      {"same", Kind::kSame},           {"attributes", Kind::kAttributes},
      {"sync", Kind::kSync},           {"layer", Kind::kLayer},
      {"quota", Kind::kQuota},         {"limit", Kind::kLimit},
      {"unlimit", Kind::kUnlimit},     {"devices", Kind::kDevices},
  };
  for (const auto& [known, kind] : kKinds) {
    if (name == known) return kind;
  }
  return std::nullopt;
}

// [kind, path], and then a text, bytes or numbers: mode, user and group.
bool read_change(const Napi::Value& value, Change& change) {
  if (!value.IsArray()) return false;
  const auto parts = value.As<Napi::Array>();
  const uint32_t length = parts.Length();
  const Napi::Value kind = value_at(parts, 0u), path = value_at(parts, 1u);
  if (!kind.IsString() || !path.IsString()) return false;
  const auto known = kind_of(kind.As<Napi::String>());
  if (!known) return false;
  change.kind = *known;
  change.path = path.As<Napi::String>();
  uint32_t* const numbers[] = {&change.mode, &change.uid, &change.gid};
  size_t count = 0;
  for (uint32_t i = 2; i < length; ++i) {
    const Napi::Value part = value_at(parts, i);
    if (part.IsString()) {
      change.text = part.As<Napi::String>();
    } else if (part.IsBuffer()) {
      const auto bytes = part.As<Napi::Buffer<char>>();
      change.text.assign(bytes.Data(), bytes.Length());
    } else if (part.IsNumber() && count < std::size(numbers)) {
      *numbers[count++] = part.As<Napi::Number>().Uint32Value();
    } else {
      return false;
    }
  }
  return change.path.size() > 1 && change.path[0] == '/';
}

Napi::Value change(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  fs::Changes changes;
  const std::string wrong = read_changes(info[0], changes);
  if (!wrong.empty()) {
    Napi::TypeError::New(env, wrong).ThrowAsJavaScriptException();
  } else if (const Failure failure = site_of(info).apply(changes)) {
    system_error(env, failure).ThrowAsJavaScriptException();
  }
  return env.Undefined();
}

Napi::Value change_later(const Napi::CallbackInfo& info) {
  struct Nothing {};
  Napi::Env env = info.Env();
  fs::Changes changes;
  const std::string wrong = read_changes(info[0], changes);
  if (!wrong.empty()) return Deferred(env).rejected(Napi::TypeError::New(env, wrong).Value());
  return FsWork<Nothing>::start(
      env, [&site = site_of(info), changes = std::move(changes)](Nothing*) { return site.apply(changes); },
      [](Napi::Env later, Nothing&) { return later.Undefined(); });
}

}  // namespace

std::string read_changes_with_holes(const Napi::Value& value, fs::Changes& changes) {
  if (!value.IsArray()) return "changes are an array";
  const auto list = value.As<Napi::Array>();
  for (uint32_t i = 0; i < list.Length(); ++i) {
    if (!read_change(value_at(list, i), changes.emplace_back()))
      return "no change of the store: number " + std::to_string(i);
  }
  return "";
}

std::string read_changes(const Napi::Value& value, fs::Changes& changes) {
  std::string wrong = read_changes_with_holes(value, changes);
  for (const Change& change : changes) {
    // A path that ends early would be another one.
    if (wrong.empty() && change.path.find('\0') != std::string::npos) wrong = "the path of a change has a NUL";
  }
  return wrong;
}

void add_change_functions(Napi::Object exports, site::Site& site) {
  add_at(exports, site, "change", change);
  add_at(exports, site, "changeLater", change_later);
}

}  // namespace orlop::addon
