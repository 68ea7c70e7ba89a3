// Threads of our own. std::thread cannot report that there is no thread to be had without an exception.
#pragma once

#include <pthread.h>

#include <functional>
#include <optional>

#include "base/failure.h"

namespace orlop {

// Starts a thread named `name` (15 bytes at most) with every signal blocked, so that the program's handlers never run
// on it and a process cloned from it begins with all signals blocked. Nothing when the kernel has no thread for us.
std::optional<pthread_t> start_thread(const char* name, std::function<void()> work);

// The same, for a thread that nobody joins. False when the kernel has no thread for us.
bool start_detached_thread(const char* name, std::function<void()> work);

// Does `work` on a thread that ends afterwards, and waits for it: for what changes a thread for good.
Failure on_own_thread(const char* name, const std::function<Failure()>& work);

}  // namespace orlop
