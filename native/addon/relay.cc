#include "addon/relay.h"

#include <fcntl.h>
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

// `stop`: once it can be read, a full `to` that is non-blocking ends the write; -1: none.
Failure write_all(int to, const char* bytes, size_t length, int stop) {
  for (size_t done = 0; done < length;) {
    const ssize_t written = write(to, bytes + done, length - done);
    if (written >= 0) {
      done += static_cast<size_t>(written);
    } else if (errno == EAGAIN) {
      // Another process made it non-blocking, or it is the pipe of a feed.
      pollfd either[] = {{to, POLLOUT, 0}, {stop, POLLIN, 0}};
      poll(either, 2, -1);
      if (either[0].revents == 0 && either[1].revents != 0) return {EPIPE, "write", ""};
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

// The descriptors of a relay. Its thread closes both at its end.
struct Way {
  UniqueFd from, to;
  bool feeds = false;  // to the application, which may never read all
};

// Relays until the end of `from`, until it is silent after `finish`, or until a write fails.
Failure pass_on(const Way& way, int finish) {
  const int from = way.from.get();
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
    const int stop = way.feeds ? finish : -1;
    if (Failure failure = write_all(way.to.get(), chunk, static_cast<size_t>(length), stop)) return failure;
  }
}

Napi::Value ended(Napi::Env env, const std::shared_ptr<Way>& way, const std::shared_ptr<UniqueFd>& finish) {
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
  const bool started = start_detached_thread("orlop-relay", [=] {
    const Failure failure = pass_on(*way, finish->get());
    way->from.reset();  // an application that goes on writing gets SIGPIPE
    way->to.reset();    // an application that reads comes to the end
    environment->post([settle, failure](Napi::Env there) { settle(there, failure); });
  });
  if (!started) settle(env, Failure{EAGAIN, "pthread_create", ""});
  return deferred->promise();
}

UniqueFd copy_of(int fd) { return UniqueFd(fcntl(fd, F_DUPFD_CLOEXEC, 3)); }

// Only this end of the pipe becomes non-blocking, which no other process has.
bool make_non_blocking(int fd) { return fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) == 0; }

Napi::Value start(const Napi::CallbackInfo& info, bool feeds) {
  Napi::Env env = info.Env();
  if (!info[0].IsNumber() || !info[1].IsNumber()) {
    Napi::TypeError::New(env, "a relay leads from one descriptor to another").ThrowAsJavaScriptException();
    return env.Undefined();
  }
  const int from = info[0].As<Napi::Number>().Int32Value();
  const int to = info[1].As<Napi::Number>().Int32Value();
  Environment::of(env)->take_back(feeds ? to : from);
  const auto way = std::make_shared<Way>();
  way->feeds = feeds;
  // The caller may close its own descriptor meanwhile.
  way->from = feeds ? copy_of(from) : UniqueFd(from);
  way->to = feeds ? UniqueFd(to) : copy_of(to);
  const auto finish = std::make_shared<UniqueFd>(eventfd(0, EFD_CLOEXEC));
  if (!way->from || !way->to || !*finish || (feeds && !make_non_blocking(to))) {
    system_error(env, failed(*finish ? "fcntl" : "eventfd")).ThrowAsJavaScriptException();
    return env.Undefined();
  }
  Napi::Object result = Napi::Object::New(env);
  result.Set("ended", ended(env, way, finish));
  result.Set("finish",
             Napi::Function::New(env, [finish](const Napi::CallbackInfo&) { eventfd_write(finish->get(), 1); }));
  return result;
}

Napi::Value relay(const Napi::CallbackInfo& info) { return start(info, false); }
Napi::Value feed(const Napi::CallbackInfo& info) { return start(info, true); }

}  // namespace

void add_relay_functions(Napi::Env env, Napi::Object exports) {
  exports.Set("relay", Napi::Function::New(env, relay, "relay"));
  exports.Set("feed", Napi::Function::New(env, feed, "feed"));
}

}  // namespace orlop::addon
