// Threads. std::thread reports a failure only by an exception.
#pragma once

#include <pthread.h>

#include <functional>
#include <optional>

#include "base/failure.h"

namespace orlop {

// Starts a thread named `name` (15 bytes at most) with all signals blocked: the program's handlers never run on it, and
// a process cloned from it begins with all signals blocked. Nothing if the kernel refuses.
std::optional<pthread_t> start_thread(const char* name, std::function<void()> work);

// Starts a detached thread. False if the kernel refuses.
bool start_detached_thread(const char* name, std::function<void()> work);

// Calls `work` on a thread that ends afterwards, and waits for it: for changes of a thread that cannot be undone.
Failure on_own_thread(const char* name, const std::function<Failure()>& work);

}  // namespace orlop
