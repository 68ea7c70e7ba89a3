// NativeProcess, wait and kill.
#pragma once

#include <napi.h>

#include <memory>

#include "supervise/process.h"

namespace orlop::addon {

// { code, signal } with null for what it was not.
Napi::Object exit_object(Napi::Env env, const Exit& exit);

// The error of a process whose status somebody else has taken.
Napi::Error stolen_error(Napi::Env env, pid_t pid);
// The opaque object that stands for a process.
Napi::Object process_object(Napi::Env env, const std::shared_ptr<launch::Process>& process);

// The process behind it. Null with a pending TypeError when `value` is not one of ours.
std::shared_ptr<launch::Process> process_of(Napi::Env env, Napi::Value value);

void add_process_functions(Napi::Env env, Napi::Object exports);

}  // namespace orlop::addon
