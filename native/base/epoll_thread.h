// A thread that waits for events of descriptors, epoll(7).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <utility>

#include "base/failure.h"
#include "base/unique_fd.h"

namespace orlop {

// Any thread may call any method. Never destroyed: its thread runs while the program exits.
class EpollThread {
 public:
  using Owner = std::shared_ptr<void>;

  // `ready` is called on the thread with the owner of a descriptor that is ready, without a lock. `name`: 15 bytes at
  // most.
  EpollThread(const char* name, std::function<void(const Owner&)> ready) : name_(name), ready_(std::move(ready)) {}
  EpollThread(const EpollThread&) = delete;
  EpollThread& operator=(const EpollThread&) = delete;

  // Makes the thread, unless it runs.
  Failure prepare();
  // Waits for `events` of epoll(7), and makes the thread first. The thread holds the owner until `forget`;
  // descriptors that are never forgotten may have the owner null.
  Failure watch(int descriptor, uint32_t events, const Owner& owner);
  // Replaces the descriptor of an owner.
  Failure change(int old_descriptor, int descriptor, uint32_t events, const void* owner);
  // Ends the wait, and returns the owner; null if there was none.
  Owner forget(int descriptor, const void* owner);

 private:
  Failure prepare_locked();
  Failure add_locked(int descriptor, uint32_t events, const void* owner);
  void remove_locked(int descriptor);
  void run();

  const char* const name_;
  const std::function<void(const Owner&)> ready_;
  std::mutex mutex_;
  UniqueFd epoll_;
  bool running_ = false;
  std::unordered_map<const void*, Owner> owners_;
};

}  // namespace orlop
