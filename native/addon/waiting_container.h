// NativeWaiting: openWaiting, waitingReady, becomeApplication, waitingOver, closeWaiting.
#pragma once

#include <napi.h>

namespace orlop::addon {

void add_waiting_functions(Napi::Env env, Napi::Object exports);

}  // namespace orlop::addon
