// What the addon keeps for one JavaScript environment: the main thread's, or a Worker's.
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

// JS. False in a Worker that is being terminated, where every call that could run JavaScript is refused: setting a
// property is one. Nobody is left to hear of what has ended then.
bool can_run(napi_env env);

// Threads are named where it matters; "JS" is the environment's own. A shared pointer keeps the object, not the
// environment: after close() it is an empty shell that swallows what comes too late.
class Environment : public std::enable_shared_from_this<Environment> {
 public:
  using Task = std::function<void(Napi::Env)>;

  // JS. The environment's own, made at the module's initialisation.
  static std::shared_ptr<Environment> of(Napi::Env env);
  static void create(Napi::Env env);

  // Any thread: runs the task on JS, soon. False when the environment is gone; the task is dropped then.
  bool post(Task task);

  // JS. While something is held, the event loop stays alive.
  void hold(Napi::Env env);
  void release(Napi::Env env);

  // JS. The starts that have not been settled, by the token that cancels them. Each holds until it is removed or
  // abandoned.
  void add_start(const Napi::Object& token, const std::shared_ptr<launch::Start>& start);
  void remove_start(Napi::Env env, const std::shared_ptr<launch::Start>& start);
  void cancel(const Napi::Object& token);
  void abandon(const Napi::Object& token);
  // The one of this token; null when it has been settled.
  std::shared_ptr<launch::Start> start_of(const Napi::Object& token);

  // JS. A descriptor that JavaScript gets closes with the environment, unless it was taken back, or disowned, before:
  // a Worker that is terminated runs none of the code that would close it.
  int give(int fd);
  void take_back(int fd);

  // JS. Whether work that could wait in another thread is done on JS, at once: for a program that does nothing
  // meanwhile.
  bool works_at_once() const { return works_at_once_; }
  void work_at_once() { works_at_once_ = true; }

  // Any thread: the process ends with the environment, by this signal.
  void bind_life(const std::shared_ptr<launch::Process>& process, int signal);

 private:
  struct Pending {
    Napi::ObjectReference token;
    std::shared_ptr<launch::Start> start;
    bool holds = true;
  };
  struct Bound {
    std::shared_ptr<launch::Process> process;
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
  std::unordered_map<launch::Process*, Bound> bound_;
};

}  // namespace orlop::addon
