// A program of the kernel that decides which devices the processes of a control group may use.
#pragma once

#include <string>

#include "base/failure.h"

namespace orlop::fs {

// Loads a program of type BPF_PROG_TYPE_CGROUP_DEVICE, bpf(2), and attaches it to a cgroup of version 2. The kernel
// keeps it as long as the cgroup.
Failure attach_device_filter(const std::string& directory, const std::string& program);

// Loads it, which shows whether the kernel has such programs and the caller may load them.
Failure try_device_filter(const std::string& program);

}  // namespace orlop::fs
