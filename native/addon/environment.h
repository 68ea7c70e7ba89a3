// State of one JavaScript environment: the main thread's, or a Worker's.
#pragma once

#include <napi.h>

#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <unordered_set>

#include "launch/start.h"
#include "supervise/process.h"

namespace orlop::addon {

// JS. False in a Worker that is being terminated: calls that could run JavaScript are refused there, also setting a
// property. Then a report is dropped.
bool can_run(napi_env env);

// "JS" is the environment's thread. A shared pointer keeps the object, not the environment: after close() the object
// drops all tasks.
class Environment : public std::enable_shared_from_this<Environment> {
 public:
  using Task = std::function<void(Napi::Env)>;

  // JS. The object of this environment, made at the module's initialisation.
  static std::shared_ptr<Environment> of(Napi::Env env);
  static void create(Napi::Env env);

  // Any thread. Posts the task to JS. False if the environment is gone; the task is dropped.
  bool post(Task task);

  // JS. `hold` keeps the event loop alive until `release`.
  void hold(Napi::Env env);
  void release(Napi::Env env);

  // JS. Starts that are not settled, by the token that cancels them. Each holds the event loop until it is removed or
  // abandoned.
  void add_start(const Napi::Object& token, const std::shared_ptr<launch::Start>& start);
  void remove_start(Napi::Env env, const std::shared_ptr<launch::Start>& start);
  void cancel(const Napi::Object& token);
  void abandon(const Napi::Object& token);
  // The start of this token; null if it is settled.
  std::shared_ptr<launch::Start> start_of(const Napi::Object& token);

  // JS. The environment closes a given descriptor at its end, unless JavaScript took it back or disowned it: a Worker
  // that is terminated runs no code that would close it.
  int give(int fd);
  void take_back(int fd);

  // JS. True if work that could run on another thread is done on JS, at once: for a program that does nothing
  // meanwhile.
  bool works_at_once() const { return works_at_once_; }
  void work_at_once() { works_at_once_ = true; }

  // Any thread. The environment sends this signal to the process at its end.
  void bind_life(const std::shared_ptr<supervise::Process>& process, int signal);

 private:
  struct Pending {
    Napi::ObjectReference token;
    std::shared_ptr<launch::Start> start;
    bool holds = true;
  };
  struct Bound {
    std::shared_ptr<supervise::Process> process;
    int signal;
  };
  static void call_js(napi_env env, napi_value function, void* context, void* data);
  static void on_cleanup(void* self);
  void close();

  bool works_at_once_ = false;     // JS
  int held_ = 0;                   // JS
  std::list<Pending> pending_;     // JS
  std::unordered_set<int> given_;  // JS
  std::mutex mutex_;
  napi_threadsafe_function post_ = nullptr;  // null when closed
  std::unordered_map<supervise::Process*, Bound> bound_;
};

}  // namespace orlop::addon
