#include "base/thread.h"

#include <signal.h>
#include <sys/prctl.h>

#include <memory>
#include <utility>

namespace orlop {
namespace {

// Enough for the frames of a launcher thread; it includes the thread-local storage of the program's libraries.
constexpr size_t kStackSize = 256 * 1024;

struct Body {
  const char* name;
  std::function<void()> work;
};

void* enter(void* argument) {
  std::unique_ptr<Body> body(static_cast<Body*>(argument));
  prctl(PR_SET_NAME, body->name);
  body->work();
  return nullptr;
}

}  // namespace

std::optional<pthread_t> start_thread(const char* name, std::function<void()> work) {
  pthread_attr_t attributes;
  if (pthread_attr_init(&attributes) != 0) return std::nullopt;
  pthread_attr_setstacksize(&attributes, kStackSize);
  sigset_t all, before;
  sigfillset(&all);
  // Blocked before the thread exists, which inherits the mask: otherwise a handler could run on it first.
  pthread_sigmask(SIG_SETMASK, &all, &before);
  auto body = std::make_unique<Body>(Body{name, std::move(work)});
  pthread_t thread;
  const int error = pthread_create(&thread, &attributes, enter, body.get());
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  pthread_attr_destroy(&attributes);
  if (error != 0) return std::nullopt;
  (void)body.release();  // the thread owns it now
  return thread;
}

Failure on_own_thread(const char* name, const std::function<Failure()>& work) {
  Failure failure;
  const auto thread = start_thread(name, [&] { failure = work(); });
  if (!thread) return {EAGAIN, "pthread_create", ""};
  pthread_join(*thread, nullptr);
  return failure;
}

bool start_detached_thread(const char* name, std::function<void()> work) {
  const auto thread = start_thread(name, std::move(work));
  if (!thread) return false;
  pthread_detach(*thread);
  return true;
}

}  // namespace orlop
