#include "addon/environment.h"

#include <unistd.h>

#include <utility>

namespace orlop::addon {
namespace {

using Holder = std::shared_ptr<Environment>;

}  // namespace

bool can_run(napi_env env) {
  napi_value object = nullptr;
  return napi_create_object(env, &object) == napi_ok &&
         napi_set_named_property(env, object, "probe", object) == napi_ok;
}

std::shared_ptr<Environment> Environment::of(Napi::Env env) { return *env.GetInstanceData<Holder>(); }

void Environment::create(Napi::Env env) {
  auto environment = std::make_shared<Environment>();
  napi_create_threadsafe_function(env, nullptr, nullptr, Napi::String::New(env, "orlop"), 0, 1, nullptr, nullptr,
                                  nullptr, call_js, &environment->post_);
  napi_unref_threadsafe_function(env, environment->post_);
  // Hooks run last in, first out: this one runs before that of the threadsafe function, which must not be called after
  // its own.
  napi_add_env_cleanup_hook(env, on_cleanup, environment.get());
  env.SetInstanceData(new Holder(std::move(environment)));
}

void Environment::call_js(napi_env env, napi_value, void*, void* data) {
  const std::unique_ptr<Task> task(static_cast<Task*>(data));
  if (env == nullptr || !can_run(env)) return;  // the environment is ending
  (*task)(Napi::Env(env));
}

bool Environment::post(Task task) {
  const std::lock_guard lock(mutex_);
  if (post_ == nullptr) return false;
  auto data = std::make_unique<Task>(std::move(task));
  if (napi_call_threadsafe_function(post_, data.get(), napi_tsfn_nonblocking) != napi_ok) return false;
  (void)data.release();  // call_js owns it now
  return true;
}

void Environment::hold(Napi::Env env) {
  if (held_++ == 0 && post_ != nullptr) napi_ref_threadsafe_function(env, post_);
}

void Environment::release(Napi::Env env) {
  if (--held_ == 0 && post_ != nullptr) napi_unref_threadsafe_function(env, post_);
}

void Environment::add_start(const Napi::Object& token, const std::shared_ptr<launch::Start>& start) {
  hold(token.Env());
  pending_.push_back({Napi::Persistent(token), start});
}

void Environment::remove_start(Napi::Env env, const std::shared_ptr<launch::Start>& start) {
  pending_.remove_if([&](const Pending& pending) {
    if (pending.start != start) return false;
    if (pending.holds) release(env);
    return true;
  });
}

void Environment::cancel(const Napi::Object& token) {
  if (const auto start = start_of(token)) start->cancel();
}

std::shared_ptr<launch::Start> Environment::start_of(const Napi::Object& token) {
  for (const Pending& pending : pending_) {
    if (pending.token.Value().StrictEquals(token)) return pending.start;
  }
  return nullptr;
}

void Environment::abandon(const Napi::Object& token) {
  for (Pending& pending : pending_) {
    if (!pending.holds || !pending.token.Value().StrictEquals(token)) continue;
    pending.holds = false;
    release(token.Env());
  }
}

int Environment::give(int fd) {
  given_.insert(fd);
  return fd;
}

void Environment::take_back(int fd) { given_.erase(fd); }

void Environment::bind_life(const std::shared_ptr<supervise::Process>& process, int signal) {
  {
    const std::lock_guard lock(mutex_);
    if (post_ == nullptr) {
      process->kill(signal);
      return;
    }
    bound_.emplace(process.get(), Bound{process, signal});
  }
  process->on_exit([self = shared_from_this(), key = process.get()](const Exit&) {
    const std::lock_guard lock(self->mutex_);
    self->bound_.erase(key);
  });
}

void Environment::on_cleanup(void* self) { static_cast<Environment*>(self)->close(); }

// A Worker that ends kills its containers, as the parent death signal does for the program.
void Environment::close() {
  std::unordered_map<supervise::Process*, Bound> bound;
  {
    const std::lock_guard lock(mutex_);
    napi_release_threadsafe_function(std::exchange(post_, nullptr), napi_tsfn_abort);
    bound = std::move(bound_);
    bound_.clear();
  }
  for (const Pending& pending : pending_) pending.start->cancel();
  pending_.clear();
  for (const int fd : given_) ::close(fd);
  given_.clear();
  for (const auto& [key, life] : bound) life.process->kill(life.signal);
}

}  // namespace orlop::addon
