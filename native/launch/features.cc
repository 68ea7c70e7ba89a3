#include "launch/features.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdint>
#include <string_view>

#include "base/pidfd.h"
#include "base/syscall_numbers.h"
#include "base/unique_fd.h"
#include "init/run.h"

namespace orlop::launch {
namespace {

constexpr unsigned kCloexec = 1;            // FSOPEN_CLOEXEC
constexpr unsigned kSetString = 1;          // FSCONFIG_SET_STRING
constexpr unsigned kCloseRangeCloexec = 4;  // CLOSE_RANGE_CLOEXEC
constexpr uint64_t kIntoCgroup = 0x200000000ULL;

// Each probe passes arguments that the kernel refuses before it acts. The filter of an outer sandbox answers with EPERM
// or ENOSYS instead; then the call counts as missing.
bool refused_with(int wanted, long number, long a = 0, long b = 0, long c = 0, long d = 0, long e = 0) {
  return syscall(number, a, b, c, d, e) == -1 && errno == wanted;
}

// fsopen(2) checks the privilege before the arguments. So without privilege only open_tree(2), which needs none to open
// a path, shows whether a filter stands in the way. Filters treat these calls alike.
bool has_mount_api() {
  const UniqueFd root(static_cast<int>(syscall(__NR_open_tree, AT_FDCWD, "/", O_CLOEXEC)));
  if (!root) return false;
  if (syscall(__NR_fsopen, nullptr, 0) != -1) return false;
  return errno == EFAULT || (errno == EPERM && geteuid() != 0);
}

// Size 0 is smaller than the first version of the structure: EINVAL, with any privilege.
bool has_mount_setattr() { return refused_with(EINVAL, __NR_mount_setattr, -1, reinterpret_cast<long>("")); }
bool has_openat2() { return refused_with(EINVAL, __NR_openat2, -1, reinterpret_cast<long>("")); }

// The kernel looks the path up first, and an empty path is ENOENT.
bool has_open_tree_attr() { return refused_with(ENOENT, __NR_open_tree_attr, -1, reinterpret_cast<long>("")); }

// An empty range above all descriptors; kernels before 5.11 do not know the flag.
bool has_close_range() { return syscall(__NR_close_range, UINT_MAX, UINT_MAX, kCloseRangeCloexec) == 0; }

// A cgroup that cannot be a descriptor is EINVAL. Before 5.7 the whole structure is too large (E2BIG).
bool has_clone_into_cgroup() {
  uint64_t args[11] = {kIntoCgroup};
  args[10] = UINT64_MAX;
  return refused_with(EINVAL, __NR_clone3, reinterpret_cast<long>(args), sizeof args);
}

// Major and minor version of the kernel as one number: 6.8 is 6008.
unsigned kernel_version() {
  utsname name{};
  if (uname(&name) != 0) return 0;
  const std::string_view release(name.release);
  const size_t dot = release.find('.');
  if (dot == std::string_view::npos) return 0;
  const std::string_view minor = release.substr(dot + 1);
  return static_cast<unsigned>(parse_decimal(release.substr(0, dot)).value_or(0) * 1000 +
                               parse_decimal(minor.substr(0, minor.find_first_not_of("0123456789"))).value_or(0));
}

bool takes_option(const UniqueFd& filesystem, const char* name) {
  return syscall(__NR_fsconfig, filesystem.get(), kSetString, name, "/", 0) == 0;
}

// Without privilege the kernel's version decides. Before 6.5 overlayfs gets its options as one string: any name is
// accepted here, and refused when the union is made.
bool has_lowerdir_append() {
  const UniqueFd overlay(static_cast<int>(syscall(__NR_fsopen, "overlay", kCloexec)));
  if (!overlay) return errno == EPERM && geteuid() != 0 && kernel_version() >= 6008;
  return !takes_option(overlay, "orlop-none") && takes_option(overlay, "lowerdir+");
}

uint32_t probe() {
  uint32_t found = 0;
  if (has_mount_api()) found |= init::kFeatureMountApi;
  if (has_mount_setattr()) found |= init::kFeatureMountSetattr;
  if (has_openat2()) found |= init::kFeatureOpenat2;
  if (has_close_range()) found |= init::kFeatureCloseRange;
  if ((found & init::kFeatureMountApi) != 0 && has_lowerdir_append()) found |= init::kFeatureLowerdirAppend;
  if (has_clone_into_cgroup()) found |= init::kFeatureCloneIntoCgroup;
  if (has_open_tree_attr()) found |= init::kFeatureOpenTreeAttr;
  return found;
}

}  // namespace

uint32_t features() {
  static const uint32_t found = probe();
  return found;
}

}  // namespace orlop::launch
