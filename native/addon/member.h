// NativeMember: openMember, memberReady, openVolumes, becomeApplication, memberOver, closeMember.
#pragma once

#include <napi.h>

namespace orlop::addon {

void add_member_functions(Napi::Env env, Napi::Object exports);

}  // namespace orlop::addon
