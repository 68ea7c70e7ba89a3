// Errors as Node makes them for system calls: code, errno, syscall, path.
#pragma once

#include <napi.h>

#include "base/failure.h"

namespace orlop::addon {

// `CODE: text, syscall 'path'`, with errno negative as in Node.
Napi::Error system_error(Napi::Env env, const Failure& failure);

}  // namespace orlop::addon
