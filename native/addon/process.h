// NativeProcess, wait and kill.
#pragma once

#include <napi.h>

#include <memory>

#include "supervise/process.h"

namespace orlop::addon {

// { code, signal }, one of both null.
Napi::Object exit_object(Napi::Env env, const Exit& exit);
// The same as a ReapedExit.
Napi::Object reaped_object(Napi::Env env, const Exit& exit);

// The error for a process whose status another caller of waitid has taken.
Napi::Error stolen_error(Napi::Env env, pid_t pid);
// The JavaScript object of a process.
Napi::Object process_object(Napi::Env env, const std::shared_ptr<supervise::Process>& process);

// The process of a JavaScript object. Null with a pending TypeError if `value` is no process of the addon.
std::shared_ptr<supervise::Process> process_of(Napi::Env env, Napi::Value value);

void add_process_functions(Napi::Env env, Napi::Object exports);

}  // namespace orlop::addon
