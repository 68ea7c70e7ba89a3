#include "addon/finish.h"

#include <signal.h>

#include <cerrno>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "addon/changes.h"
#include "addon/deferred.h"
#include "addon/environment.h"
#include "addon/errors.h"
#include "addon/process.h"
#include "addon/values.h"
#include "fs/changes.h"
#include "launch/finisher.h"

namespace orlop::addon {
namespace {

using launch::Finisher;
using launch::Output;

// What is waited for: the end of each output, and that of the application with what follows it.
struct Ending {
  explicit Ending(Napi::Env env) : environment(Environment::of(env)), deferred(env) {}

  std::shared_ptr<Environment> environment;
  Deferred deferred;
  std::shared_ptr<launch::Process> process;
  std::vector<std::shared_ptr<Output>> outputs;
  fs::Changes changes, later;
  Exit exit;
  Failure failure;     // of the changes
  size_t pending = 1;  // on the finisher's thread
};

using Shared = std::shared_ptr<Ending>;

Napi::Value overflown(Napi::Env env, const Ending& ending) {
  for (size_t i = 0; i < ending.outputs.size(); ++i) {
    if (ending.outputs[i]->overflow) return Napi::Number::New(env, static_cast<double>(i));
  }
  return env.Null();
}

void settle(Napi::Env env, const Ending& ending) {
  if (ending.exit.stolen) {
    ending.deferred.reject(stolen_error(env, ending.process->pid()).Value());
    return;
  }
  Napi::Object object = Napi::Object::New(env);
  object.Set("exit", exit_object(env, ending.exit));
  Napi::Array outputs = Napi::Array::New(env, ending.outputs.size());
  for (uint32_t i = 0; i < ending.outputs.size(); ++i) {
    const std::string& bytes = ending.outputs[i]->bytes;
    outputs.Set(i, Napi::Buffer<char>::Copy(env, bytes.data(), bytes.size()));
  }
  object.Set("outputs", outputs);
  object.Set("overflow", overflown(env, ending));
  object.Set("failure", ending.failure ? system_error(env, ending.failure).Value() : env.Null());
  ending.deferred.resolve(object);
}

// On the finisher's thread.
void arrive(const Shared& ending) {
  if (--ending->pending > 0) return;
  ending->environment->post([ending](Napi::Env env) {
    ending->environment->release(env);
    settle(env, *ending);
  });
}

void follow(const Shared& ending) {
  ending->failure = fs::apply(ending->changes);
  if (ending->failure || ending->later.empty()) return;
  // What fails is found by the next program that opens the store.
  Finisher::background().post([later = std::move(ending->later)] { (void)fs::apply(later); });
}

// On the thread that has seen the end.
void ended(const Shared& ending, const Exit& exit) {
  Finisher::instance().post([ending, exit] {
    ending->exit = exit;
    if (!exit.stolen) follow(ending);
    arrive(ending);
  });
}

// The pipes are the ending's from now on. Undefined, or the error to reject with.
Napi::Value read_request(Napi::Env env, const Napi::Object& request, Ending& ending) {
  const Napi::Value pipes = value_at(request, "outputs");
  if (!pipes.IsArray()) return Napi::TypeError::New(env, "outputs are an array of descriptors").Value();
  std::string wrong = read_changes(value_at(request, "changes"), ending.changes);
  if (wrong.empty()) wrong = read_changes(value_at(request, "later"), ending.later);
  if (!wrong.empty()) return Napi::TypeError::New(env, wrong).Value();
  const auto limit = as_number(value_at(request, "limit"));
  if (!limit) return Napi::TypeError::New(env, "the limit is a number").Value();
  const auto list = pipes.As<Napi::Array>();
  for (uint32_t i = 0; i < list.Length(); ++i) {
    const auto number = as_number(value_at(list, i));
    if (!number) return Napi::TypeError::New(env, "outputs are an array of descriptors").Value();
    const auto fd = static_cast<int>(*number);
    ending.environment->take_back(fd);
    auto output = std::make_shared<Output>();
    output->pipe.reset(fd);
    output->limit = static_cast<size_t>(*limit);
    ending.outputs.push_back(std::move(output));
  }
  return env.Undefined();
}

Failure begin(const Shared& ending) {
  if (Failure failure = Finisher::instance().prepare()) return failure;
  if (Failure failure = Finisher::background().prepare()) return failure;
  ending->pending += ending->outputs.size();
  for (const auto& output : ending->outputs) {
    output->done = [ending, output = output.get()] {
      // Nobody will read on: it is not to write for nothing.
      if (output->overflow) ending->process->kill(SIGKILL);
      arrive(ending);
    };
    if (Failure failure = Finisher::instance().read(output)) return failure;
  }
  return {};
}

Napi::Value finish(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  const auto process = process_of(env, info[0]);
  if (process == nullptr) return env.Undefined();
  const auto ending = std::make_shared<Ending>(env);
  ending->process = process;
  const Napi::Value wrong = info[1].IsObject() ? read_request(env, info[1].As<Napi::Object>(), *ending)
                                               : Napi::TypeError::New(env, "what to finish is an object").Value();
  if (!wrong.IsUndefined()) return ending->deferred.rejected(wrong);
  if (const Failure failure = begin(ending)) return ending->deferred.rejected(system_error(env, failure).Value());
  ending->environment->hold(env);
  process->on_exit([ending](const Exit& exit) { ended(ending, exit); });
  return ending->deferred.promise();
}

}  // namespace

void add_finish_functions(Napi::Env env, Napi::Object exports) {
  exports.Set("finish", Napi::Function::New(env, finish, "finish"));
}

}  // namespace orlop::addon
