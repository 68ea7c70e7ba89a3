// The jail of the code that reads archives: an archive may take control of that code.
#pragma once

#include <cstdint>

namespace orlop::archive {

inline constexpr int kDirectoryFd = 3;

// Makes the directory behind kDirectoryFd the root of a mount namespace of its own, without its submounts, and puts the
// new root at kDirectoryFd. Devices in it do not open, programs in it do not start.
void enter_root(bool readonly);

// Keeps only the capabilities of `set` (bits) in the permitted, effective and bounding sets.
void drop_capabilities(uint64_t set);

enum class Role { kUnpack, kPack, kBroker };
// Limits, no new privileges, not dumpable, dies with its parent, and the system-call filter last.
void lock_down(Role role);

void close_all_but(int fd);
void close_from(int first);

}  // namespace orlop::archive
