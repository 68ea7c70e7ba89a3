// What a caller asks of orlop-launcher.
//
// The first socket is for control: orlop-launcher sends Hello on it, and then reads orders, which have no answer. Each
// other socket is for one caller's thread at a time, and has a thread of orlop-launcher behind it: a call, an answer.
#pragma once

#include <cstdint>

namespace orlop::launcher {

// Descriptors of orlop-launcher.
constexpr int kControl = 3;
constexpr int kGiven = 4;

enum class Order : uint32_t {
  kConnect,  // a socket for calls
  kCancel,   // the number of an attempt
};

// The methods of site::Site, with its arguments in their order. `open_root_of` is none: for it, the caller executes an
// orlop-launcher that enters the namespaces of the container, sends a failure and a descriptor, and ends.
enum class Call : uint32_t {
  // Number, changes, plan, features, maps, cgroup, seat, supplied; answered when the child has executed or is gone.
  kAttempt,
  kApply,
  kMakeEmptyNamespace,
  kOpenSeat,
  kMakeNetwork,
  kOpenMounts,
  kOpenView,
  kOpenInRoot,
  kRemoveTree,
  kCopyTree,
  kDiff,
  kTreeSize,
};

// Steps of orlop-launcher before it serves. Hello says the first that failed.
enum class Step : uint32_t {
  kReady,
  kUserNamespace,   // unshare(2): the kernel, a limit or an outer sandbox
  kMapByHelper,     // from outside, by newuidmap(1) and newgidmap(1) or without them; the text says why not
  kMap,             // /proc/self/{uid_map,gid_map,setgroups}
  kMountNamespace,  // unshare(2) with capabilities in the user namespace
  kPropagation,     // mount(2)
};

}  // namespace orlop::launcher
