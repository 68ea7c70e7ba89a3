#include "addon/ending.h"

#include <signal.h>

#include <utility>

#include "addon/errors.h"
#include "addon/process.h"
#include "addon/values.h"

namespace orlop::addon {
namespace {

using launch::Finisher;
using launch::Output;

Napi::Value overflown(Napi::Env env, const Ending& ending) {
  for (size_t i = 0; i < ending.outputs.size(); ++i) {
    if (ending.outputs[i]->overflow) return Napi::Number::New(env, static_cast<double>(i));
  }
  return env.Null();
}

void settle(Napi::Env env, const Ending& ending) {
  if (ending.exit.stolen) {
    ending.deferred->reject(stolen_error(env, ending.process->pid()).Value());
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
  ending.deferred->resolve(object);
}

// Any thread: has the promise settled.
void post(const SharedEnding& ending, std::function<void(Napi::Env, const Ending&)> settle) {
  ending->environment->post([ending, settle = std::move(settle)](Napi::Env env) {
    ending->environment->release(env);
    if (ending->first) ending->first(env);
    settle(env, *ending);
  });
}

// On the finisher's thread.
void arrive(const SharedEnding& ending) {
  if (--ending->pending == 0) post(ending, settle);
}

void make_changes(const SharedEnding& ending) {
  ending->failure = fs::apply(ending->changes);
  if (ending->failure || ending->later.empty()) return;
  // What fails is found by the next program that opens the store.
  Finisher::background().post([later = std::move(ending->later)] { (void)fs::apply(later); });
}

// On the thread that has seen the end.
void ended(const SharedEnding& ending, const Exit& exit) {
  Finisher::instance().post([ending, exit] {
    ending->exit = exit;
    if (!exit.stolen) make_changes(ending);
    arrive(ending);
  });
}

// The outputs go to the ending, the other pipes stay for the caller.
void take_outputs(const Followed& followed, std::vector<UniqueFd>& pipes) {
  std::vector<UniqueFd> rest;
  for (size_t i = 0; i < pipes.size(); ++i) {
    if (followed.outputs[i]) {
      add_output(*followed.ending, std::move(pipes[i]));
    } else {
      rest.push_back(std::move(pipes[i]));
    }
  }
  pipes = std::move(rest);
}

}  // namespace

std::string read_follow(const Napi::Value& value, const std::shared_ptr<Environment>& environment, Followed& followed) {
  if (!value.IsObject()) return "how the end is followed is an object";
  const auto follow = value.As<Napi::Object>();
  const auto limit = as_number(value_at(follow, "limit"));
  if (!limit) return "the limit is a number";
  followed.ending = std::make_shared<Ending>(environment);
  followed.ending->limit = static_cast<size_t>(*limit);
  followed.collect = is_true(value_at(follow, "collect"));
  followed.quiet = is_true(value_at(follow, "quiet"));
  return "";
}

void add_output(Ending& ending, UniqueFd pipe) {
  auto output = std::make_shared<Output>();
  output->pipe = std::move(pipe);
  output->limit = ending.limit;
  ending.outputs.push_back(std::move(output));
}

Failure prepare_to_follow(bool later) {
  if (Failure failure = Finisher::instance().prepare()) return failure;
  return later ? Finisher::background().prepare() : Failure{};
}

Failure follow(const SharedEnding& ending) {
  ending->pending += ending->outputs.size();
  for (const auto& output : ending->outputs) {
    output->done = [ending, output = output.get()] {
      // Nobody will read on: it is not to write for nothing.
      if (output->overflow) ending->process->kill(SIGKILL);
      arrive(ending);
    };
    if (Failure failure = Finisher::instance().read(output)) return failure;
  }
  ending->process->on_exit([ending](const Exit& exit) { ended(ending, exit); });
  return {};
}

void follow_start(const Followed& followed, const std::shared_ptr<launch::Process>& process,
                  std::vector<UniqueFd>& pipes, std::function<void(Napi::Env)> tell) {
  const SharedEnding& ending = followed.ending;
  ending->process = process;
  followed.fill(*ending);
  if (followed.collect) take_outputs(followed, pipes);
  // The news of the end must not come first.
  if (followed.quiet) {
    ending->first = std::move(tell);
  } else {
    ending->environment->post(std::move(tell));
  }
  if (const Failure failure = follow(ending)) fail(ending, failure);
}

Napi::Array give_pipes(Napi::Env env, Environment& environment, std::vector<UniqueFd>& pipes) {
  Napi::Array list = Napi::Array::New(env, pipes.size());
  for (uint32_t i = 0; i < pipes.size(); ++i) list.Set(i, environment.give(pipes[i].release()));
  return list;
}

void fail(const SharedEnding& ending, const Failure& failure) {
  ending->process->kill(SIGKILL);
  post(ending,
       [failure](Napi::Env env, const Ending& failed) { failed.deferred->reject(system_error(env, failure).Value()); });
}

}  // namespace orlop::addon
