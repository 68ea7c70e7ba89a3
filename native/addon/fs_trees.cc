#include "addon/fs_trees.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "addon/deferred.h"
#include "addon/environment.h"
#include "addon/fs_work.h"
#include "addon/site.h"
#include "addon/values.h"
#include "base/pidfd.h"
#include "base/unique_fd.h"
#include "fs/calls.h"
#include "fs/diff.h"
#include "fs/size.h"
#include "fs/spread.h"

namespace orlop::addon {
namespace {

// Shared, because std::function must be copyable.
using Descriptor = std::shared_ptr<UniqueFd>;

// TypeScript checks the types of arguments; a wrong one rejects the promise all the same.
class Arguments {
 public:
  explicit Arguments(const Napi::CallbackInfo& info) : info_(info) {}

  // A duplicate: the caller may close its own while the work waits for a thread.
  Descriptor descriptor(size_t i) {
    if (!expect(info_[i].IsNumber(), "a descriptor")) return nullptr;
    int fd = fcntl(info_[i].As<Napi::Number>().Int32Value(), F_DUPFD_CLOEXEC, 3);
    if (fd < 0 && good_) {
      good_ = false;
      error_ = system_error(info_.Env(), failed("fcntl")).Value();
    }
    return std::make_shared<UniqueFd>(fd);
  }

  std::string text(size_t i) {
    return expect(info_[i].IsString(), "a string") ? info_[i].As<Napi::String>().Utf8Value() : std::string();
  }

  uint32_t number(size_t i, uint32_t otherwise) {
    if (info_[i].IsUndefined()) return otherwise;
    return expect(info_[i].IsNumber(), "a number") ? info_[i].As<Napi::Number>().Uint32Value() : 0;
  }

  std::vector<std::string> texts(size_t i) {
    std::vector<std::string> result;
    if (!expect(info_[i].IsArray(), "an array of strings")) return result;
    Napi::Array array = info_[i].As<Napi::Array>();
    for (uint32_t j = 0; j < array.Length(); j++) {
      const Napi::Value value = value_at(array, j);
      if (!expect(value.IsString(), "an array of strings")) return result;
      result.push_back(value.As<Napi::String>().Utf8Value());
    }
    return result;
  }

  bool good() const { return good_; }

  Napi::Value rejection() const { return Deferred(info_.Env()).rejected(error_); }

 private:
  bool expect(bool right, const char* what) {
    if (!right && good_) {
      good_ = false;
      error_ = Napi::TypeError::New(info_.Env(), std::string("expected ") + what).Value();
    }
    return right && good_;
  }

  const Napi::CallbackInfo& info_;
  bool good_ = true;
  Napi::Value error_;
};

struct Nothing {};

template <typename Call>
Napi::Value run(const Napi::CallbackInfo& info, const Arguments& arguments, Call call) {
  if (!arguments.good()) return arguments.rejection();
  return FsWork<Nothing>::start(
      info.Env(), [call = std::move(call)](Nothing*) { return call(); },
      [](Napi::Env env, Nothing&) { return env.Undefined(); });
}

template <typename Call>
Napi::Value run_for_descriptor(const Napi::CallbackInfo& info, const Arguments& arguments, Call call) {
  if (!arguments.good()) return arguments.rejection();
  return FsWork<UniqueFd>::start(info.Env(), std::move(call), [](Napi::Env env, UniqueFd& fd) -> Napi::Value {
    return Napi::Number::New(env, Environment::of(env)->give(fd.release()));
  });
}

void work_at_once(const Napi::CallbackInfo& info) { Environment::of(info.Env())->work_at_once(); }

Napi::Value sync_fs(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  Descriptor fd = arguments.descriptor(0);
  return run(info, arguments, [fd] { return syncfs(fd->get()) == 0 ? Failure{} : failed("syncfs"); });
}

fs::Marks marks_of(const Napi::Value& value) {
  return as_text(value) == "user" ? fs::Marks::kUser : fs::Marks::kTrusted;
}

Napi::Value open_view(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  std::vector<std::string> layers = arguments.texts(0);
  return run_for_descriptor(info, arguments,
                            [&site = site_of(info), layers, marks = marks_of(info[1])](UniqueFd* view) {
                              return site.open_view(layers, marks, view);
                            });
}

Napi::Value open_root_of(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  const auto pid = static_cast<pid_t>(arguments.number(0, 0));
  const auto start_time = parse_decimal(arguments.text(1));
  return run_for_descriptor(info, arguments, [=, &site = site_of(info)](UniqueFd* view) {
    return start_time ? site.open_root_of(pid, *start_time, view) : Failure{EINVAL, "pidfd_open"};
  });
}

Napi::Value open_in_root(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  Descriptor root = arguments.descriptor(0);
  std::string path = arguments.text(1);
  int flags = static_cast<int>(arguments.number(2, O_RDONLY));
  uint32_t mode = arguments.number(3, 0666);
  return run_for_descriptor(info, arguments, [=, &site = site_of(info)](UniqueFd* opened) {
    return site.open_in_root(root->get(), path, flags, mode, opened);
  });
}

Napi::Value remove_tree(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  Descriptor directory = arguments.descriptor(0);
  std::string name = arguments.text(1);
  return run(info, arguments, [=, &site = site_of(info)] { return site.remove_tree(directory->get(), name); });
}

Napi::Value copy_tree(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  Descriptor source = arguments.descriptor(0);
  Descriptor destination = arguments.descriptor(1);
  return run(info, arguments, [=, &site = site_of(info)] { return site.copy_tree(source->get(), destination->get()); });
}

Napi::Value diff(const Napi::CallbackInfo& info) {
  using Changes = std::vector<fs::LayerChange>;
  Arguments arguments(info);
  Descriptor upper = arguments.descriptor(0);
  Descriptor view = arguments.descriptor(1);
  if (!arguments.good()) return arguments.rejection();
  const fs::Marks marks = marks_of(info[2]);
  return FsWork<Changes>::start(
      info.Env(),
      [=, &site = site_of(info)](Changes* changes) { return site.diff(upper->get(), view->get(), marks, changes); },
      [](Napi::Env env, Changes& changes) -> Napi::Value {
        Napi::Array result = Napi::Array::New(env, changes.size());
        for (uint32_t i = 0; i < changes.size(); i++) {
          Napi::Object change = Napi::Object::New(env);
          change.Set("kind", std::string(1, changes[i].kind));
          change.Set("path", changes[i].path);
          result.Set(i, change);
        }
        return result;
      });
}

Napi::Value tree_size(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  Descriptor directory = arguments.descriptor(0);
  if (!arguments.good()) return arguments.rejection();
  return FsWork<fs::TreeSize>::start(
      info.Env(), [=, &site = site_of(info)](fs::TreeSize* size) { return site.tree_size(directory->get(), size); },
      [](Napi::Env env, fs::TreeSize& size) -> Napi::Value {
        Napi::Object result = Napi::Object::New(env);
        result.Set("bytes", static_cast<double>(size.bytes));
        result.Set("entries", static_cast<double>(size.entries));
        return result;
      });
}

Napi::Value spread_subdirectories(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  Descriptor directory = arguments.descriptor(0);
  return Napi::Boolean::New(info.Env(), arguments.good() && fs::spread_subdirectories(directory->get()));
}

void limit_features(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  uint32_t features = arguments.number(0, ~0u);
  if (arguments.good()) fs::limit_features(features);
}

}  // namespace

void add_tree_functions(Napi::Object exports, site::Site& site) {
  Napi::Env env = exports.Env();
  exports.Set("syncfs", Napi::Function::New(env, sync_fs, "syncfs"));
  exports.Set("spreadSubdirectories", Napi::Function::New(env, spread_subdirectories, "spreadSubdirectories"));
  exports.Set("workAtOnce", Napi::Function::New(env, work_at_once, "workAtOnce"));
  exports.Set("limitFeatures", Napi::Function::New(env, limit_features, "limitFeatures"));
  add_at(exports, site, "openView", open_view);
  add_at(exports, site, "openRootOf", open_root_of);
  add_at(exports, site, "openInRoot", open_in_root);
  add_at(exports, site, "removeTree", remove_tree);
  add_at(exports, site, "copyTree", copy_tree);
  add_at(exports, site, "diff", diff);
  add_at(exports, site, "treeSize", tree_size);
}

}  // namespace orlop::addon
