#include "addon/after_exit.h"

#include <signal.h>

#include <algorithm>
#include <utility>

#include "addon/errors.h"
#include "addon/process.h"
#include "addon/values.h"

namespace orlop::addon {
namespace {

using supervise::ExitWorker;
using supervise::Output;

Napi::Value overflown(Napi::Env env, const AfterExit& after_exit) {
  for (size_t i = 0; i < after_exit.outputs.size(); ++i) {
    if (after_exit.outputs[i]->overflow) return Napi::Number::New(env, static_cast<double>(i));
  }
  return env.Null();
}

bool is_cut(const AfterExit& after_exit) {
  const auto& outputs = after_exit.outputs;
  return std::any_of(outputs.begin(), outputs.end(), [](const auto& output) { return output->cut; });
}

void settle(Napi::Env env, const AfterExit& after_exit) {
  if (after_exit.exit.stolen) {
    after_exit.deferred->reject(stolen_error(env, after_exit.process->pid()).Value());
    return;
  }
  Napi::Object object = Napi::Object::New(env);
  object.Set("exit", reaped_object(env, after_exit.exit));
  Napi::Array outputs = Napi::Array::New(env, after_exit.outputs.size());
  for (uint32_t i = 0; i < after_exit.outputs.size(); ++i) {
    const std::string& bytes = after_exit.outputs[i]->bytes;
    napi_value copy = nullptr;
    // Of more than buffer.constants.MAX_LENGTH bytes, Node makes none.
    if (napi_create_buffer_copy(env, bytes.size(), bytes.data(), nullptr, &copy) != napi_ok) {
      after_exit.deferred->reject(Napi::Error::New(env).Value());
      return;
    }
    outputs.Set(i, copy);
  }
  object.Set("outputs", outputs);
  object.Set("overflow", overflown(env, after_exit));
  object.Set("cut", Napi::Boolean::New(env, is_cut(after_exit)));
  object.Set("failure", after_exit.failure ? system_error(env, after_exit.failure).Value() : env.Null());
  after_exit.deferred->resolve(object);
}

// Any thread. Posts the settlement of the promise.
void post(const SharedAfterExit& after_exit, std::function<void(Napi::Env, const AfterExit&)> settle) {
  after_exit->environment->post([after_exit, settle = std::move(settle)](Napi::Env env) {
    after_exit->environment->release(env);
    if (after_exit->report_start) after_exit->report_start(env);
    settle(env, *after_exit);
  });
}

// On the exit thread.
void count_down(const SharedAfterExit& after_exit) {
  if (--after_exit->pending == 0) post(after_exit, settle);
}

void make_changes(const SharedAfterExit& after_exit) {
  after_exit->failure = after_exit->site.apply(after_exit->changes);
  if (after_exit->failure || after_exit->background.empty()) return;
  // The next program that opens the store finds what was left by a failure.
  ExitWorker::background().post(
      [&site = after_exit->site, changes = std::move(after_exit->background)] { (void)site.apply(changes); });
}

// On the exit thread, after the exit or the kill. A process outside of the container may hold an output open (it can
// get it through a socket), so the wait for its end is limited where the caller wants an end.
void limit_wait(const SharedAfterExit& after_exit, bool* happened) {
  if (std::exchange(*happened, true) || !after_exit->exited || !after_exit->killed || after_exit->pending == 0) return;
  ExitWorker::instance().post_later([after_exit] {
    for (const auto& output : after_exit->outputs) ExitWorker::instance().give_up(*output);
  });
}

// On the thread that noticed the exit.
void process_exited(const SharedAfterExit& after_exit, const Exit& exit) {
  ExitWorker::instance().post([after_exit, exit] {
    after_exit->exit = exit;
    if (!exit.stolen) make_changes(after_exit);
    // By this program, by another one, or by the kernel, which lacked memory.
    if (exit.signal == SIGKILL) after_exit->killed = true;
    count_down(after_exit);
    limit_wait(after_exit, &after_exit->exited);
  });
}

// Moves the outputs to `after_exit`; the other pipes stay for the caller.
void take_outputs(const ExitOptions& exit_options, std::vector<UniqueFd>& pipes) {
  std::vector<UniqueFd> rest;
  for (size_t i = 0; i < pipes.size(); ++i) {
    if (exit_options.outputs[i]) {
      add_output(*exit_options.after_exit, std::move(pipes[i]));
    } else {
      rest.push_back(std::move(pipes[i]));
    }
  }
  pipes = std::move(rest);
}

}  // namespace

std::string read_exit_options(const Napi::Value& value, site::Site& site,
                              const std::shared_ptr<Environment>& environment, ExitOptions& exit_options) {
  if (!value.IsObject()) return "how the end is exit_options is an object";
  const auto options = value.As<Napi::Object>();
  const auto limit = as_number(value_at(options, "limit"));
  if (!limit) return "the limit is a number";
  exit_options.after_exit = std::make_shared<AfterExit>(site, environment);
  exit_options.after_exit->limit = static_cast<size_t>(*limit);
  exit_options.collect = is_true(value_at(options, "collect"));
  exit_options.report_with_exit = is_true(value_at(options, "reportWithExit"));
  return "";
}

void add_output(AfterExit& after_exit, UniqueFd pipe) {
  auto output = std::make_shared<Output>();
  output->pipe = std::move(pipe);
  output->limit = after_exit.limit;
  after_exit.outputs.push_back(std::move(output));
}

Failure prepare_exit_threads(bool background) {
  if (Failure failure = ExitWorker::instance().prepare()) return failure;
  return background ? ExitWorker::background().prepare() : Failure{};
}

Failure watch_exit(const SharedAfterExit& after_exit) {
  after_exit->pending += after_exit->outputs.size();
  for (const auto& output : after_exit->outputs) {
    output->done = [after_exit, output = output.get()] {
      // The output is not read any more, so the process must not go on writing.
      if (output->overflow) after_exit->process->kill(SIGKILL);
      count_down(after_exit);
    };
    if (Failure failure = ExitWorker::instance().read(output)) return failure;
  }
  after_exit->process->on_kill([weak = std::weak_ptr(after_exit)] {
    ExitWorker::instance().post([weak] {
      if (const SharedAfterExit after = weak.lock()) limit_wait(after, &after->killed);
    });
  });
  after_exit->process->on_exit([after_exit](const Exit& exit) { process_exited(after_exit, exit); });
  return {};
}

void report_start_and_watch(const ExitOptions& exit_options, const std::shared_ptr<supervise::Process>& process,
                            std::vector<UniqueFd>& pipes, std::function<void(Napi::Env)> report) {
  const SharedAfterExit& after_exit = exit_options.after_exit;
  after_exit->process = process;
  exit_options.fill_holes(*after_exit);
  if (exit_options.collect) take_outputs(exit_options, pipes);
  // The report of the start must come before the report of the exit.
  if (exit_options.report_with_exit) {
    after_exit->report_start = std::move(report);
  } else {
    after_exit->environment->post(std::move(report));
  }
  if (const Failure failure = watch_exit(after_exit)) kill_and_reject(after_exit, failure);
}

Napi::Array give_pipes(Napi::Env env, Environment& environment, std::vector<UniqueFd>& pipes) {
  Napi::Array list = Napi::Array::New(env, pipes.size());
  for (uint32_t i = 0; i < pipes.size(); ++i) list.Set(i, environment.give(pipes[i].release()));
  return list;
}

void kill_and_reject(const SharedAfterExit& after_exit, const Failure& failure) {
  after_exit->process->kill(SIGKILL);
  post(after_exit, [failure](Napi::Env env, const AfterExit& failed) {
    failed.deferred->reject(system_error(env, failure).Value());
  });
}

}  // namespace orlop::addon
