// A condition variable for old machines: std::condition_variable waits through symbols of gcc 12 and glibc 2.30, and
// the addon must load where Node does.
#pragma once

#include <pthread.h>

#include <chrono>
#include <mutex>

namespace orlop {

class Condition {
 public:
  Condition();
  ~Condition() { pthread_cond_destroy(&condition_); }
  Condition(const Condition&) = delete;
  Condition& operator=(const Condition&) = delete;

  template <typename Predicate>
  void wait(std::unique_lock<std::mutex>& lock, Predicate holds) {
    while (!holds()) pthread_cond_wait(&condition_, lock.mutex()->native_handle());
  }
  // Returns after the time at the latest, and may return early.
  void wait_for(std::unique_lock<std::mutex>& lock, std::chrono::milliseconds time);
  // Waits for the predicate, for the time at most; true if it holds.
  template <typename Predicate>
  bool wait_for(std::unique_lock<std::mutex>& lock, std::chrono::milliseconds time, Predicate holds) {
    const auto end = std::chrono::steady_clock::now() + time;
    while (!holds()) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
      if (left.count() <= 0) return false;
      wait_for(lock, left);
    }
    return true;
  }
  void notify_one() { pthread_cond_signal(&condition_); }
  void notify_all() { pthread_cond_broadcast(&condition_); }

 private:
  pthread_cond_t condition_;
};

}  // namespace orlop
