#include "addon/relay.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <memory>

#include "addon/deferred.h"
#include "addon/environment.h"
#include "addon/errors.h"
#include "base/failure.h"
#include "base/thread.h"
#include "base/unique_fd.h"

namespace orlop::addon {
namespace {

// Default size of a pipe, pipe(7).
constexpr size_t kChunk = 64 * 1024;

// Milliseconds of silence after which an exited application counts as done.
constexpr int kSilentFor = 500;

Failure write_all(int to, const char* bytes, size_t length) {
  for (size_t done = 0; done < length;) {
    const ssize_t written = write(to, bytes + done, length - done);
    if (written >= 0) {
      done += static_cast<size_t>(written);
    } else if (errno == EAGAIN) {
      pollfd room{to, POLLOUT, 0};  // another process made it non-blocking
      poll(&room, 1, -1);
    } else if (errno != EINTR) {
      return failed("write");
    }
  }
  return {};
}

enum class Event { kOutput, kFinish, kSilence };

// Waits for the next event. `finished`: waits for output only, with a timeout.
Failure next(int from, int finish, bool finished, Event* event) {
  pollfd either[] = {{from, POLLIN, 0}, {finish, POLLIN, 0}};
  int ready;
  do {
    ready = poll(either, finished ? 1 : 2, finished ? kSilentFor : -1);
  } while (ready == -1 && errno == EINTR);
  if (ready == -1) return failed("poll");
  *event = ready == 0 ? Event::kSilence : either[0].revents != 0 ? Event::kOutput : Event::kFinish;
  return {};
}

// Relays until the end of the pipe, until the pipe is silent after `finish`, or until a write fails.
Failure pass_on(int from, int to, int finish) {
  char chunk[kChunk];
  for (bool finished = false;;) {
    Event event{};
    if (Failure failure = next(from, finish, finished, &event)) return failure;
    if (event == Event::kSilence) return {};
    if (event == Event::kFinish) {
      finished = true;
      continue;
    }
    const ssize_t length = read(from, chunk, sizeof chunk);
    if (length == 0) return {};
    if (length < 0 && errno == EINTR) continue;
    if (length < 0) return failed("read");
    if (Failure failure = write_all(to, chunk, static_cast<size_t>(length))) return failure;
  }
}

Napi::Value ended(Napi::Env env, int from, int to, const std::shared_ptr<UniqueFd>& finish) {
  const auto deferred = std::make_shared<Deferred>(env);
  const auto environment = Environment::of(env);
  const auto settle = [environment, deferred](Napi::Env there, const Failure& failure) {
    environment->release(there);
    if (failure) {
      deferred->reject(system_error(there, failure).Value());
    } else {
      deferred->resolve(there.Undefined());
    }
  };
  environment->hold(env);
  const auto pipe = std::make_shared<UniqueFd>(from);
  const bool started = start_detached_thread("orlop-relay", [=] {
    const Failure failure = pass_on(pipe->get(), to, finish->get());
    pipe->reset();  // an application that goes on writing gets SIGPIPE
    environment->post([settle, failure](Napi::Env there) { settle(there, failure); });
  });
  if (!started) settle(env, Failure{EAGAIN, "pthread_create", ""});
  return deferred->promise();
}

Napi::Value relay(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  if (!info[0].IsNumber() || !info[1].IsNumber()) {
    Napi::TypeError::New(env, "a relay leads from one descriptor to another").ThrowAsJavaScriptException();
    return env.Undefined();
  }
  const int from = info[0].As<Napi::Number>().Int32Value();
  const int to = info[1].As<Napi::Number>().Int32Value();
  Environment::of(env)->take_back(from);
  const auto finish = std::make_shared<UniqueFd>(eventfd(0, EFD_CLOEXEC));
  if (!*finish) {
    const UniqueFd pipe(from);
    system_error(env, failed("eventfd")).ThrowAsJavaScriptException();
    return env.Undefined();
  }
  Napi::Object result = Napi::Object::New(env);
  result.Set("ended", ended(env, from, to, finish));
  result.Set("finish",
             Napi::Function::New(env, [finish](const Napi::CallbackInfo&) { eventfd_write(finish->get(), 1); }));
  return result;
}

}  // namespace

void add_relay_function(Napi::Env env, Napi::Object exports) {
  exports.Set("relay", Napi::Function::New(env, relay, "relay"));
}

}  // namespace orlop::addon
