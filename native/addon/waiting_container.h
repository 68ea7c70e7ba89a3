// NativeWaiting: openWaiting, waitingReady, becomeApplication, waitingOver, closeWaiting.
#pragma once

#include <napi.h>

#include "site/site.h"

namespace orlop::addon {

void add_waiting_functions(Napi::Object exports, site::Site& site);

}  // namespace orlop::addon
