#include "fs/device_filter.h"

#include <fcntl.h>
#include <linux/bpf.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <mutex>

#include "base/unique_fd.h"

namespace orlop::fs {
namespace {

long bpf(bpf_cmd command, bpf_attr& attributes) { return syscall(__NR_bpf, command, &attributes, sizeof attributes); }

Failure load(const std::string& program, UniqueFd& loaded) {
  if (program.empty() || program.size() % sizeof(bpf_insn) != 0) return {EINVAL, "bpf", ""};
  // No function of the kernel is called, so none asks for a licence.
  static constexpr char kLicence[] = "";
  bpf_attr attributes;
  std::memset(&attributes, 0, sizeof attributes);
  attributes.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
  attributes.insns = reinterpret_cast<uintptr_t>(program.data());
  attributes.insn_cnt = static_cast<uint32_t>(program.size() / sizeof(bpf_insn));
  attributes.license = reinterpret_cast<uintptr_t>(kLicence);
  std::memcpy(attributes.prog_name, "orlop_devices", sizeof "orlop_devices");
  loaded.reset(static_cast<int>(bpf(BPF_PROG_LOAD, attributes)));
  return loaded ? Failure{} : failed("bpf");
}

// The last program that was loaded. The kernel takes 0.3 ms for it, and most containers have the same.
struct Last {
  std::mutex mutex;
  std::string program;
  UniqueFd loaded;
};

Last& last() {
  static auto* instance = new Last;  // never destroyed: threads run while the program exits
  return *instance;
}

// Loads a program, unless it was the last. The caller holds the lock.
Failure load_once(const std::string& program, Last& known) {
  if (known.loaded && known.program == program) return {};
  known.loaded.reset();
  known.program = program;
  return load(program, known.loaded);
}

long attach(const UniqueFd& group, const UniqueFd& loaded) {
  bpf_attr attributes;
  std::memset(&attributes, 0, sizeof attributes);
  attributes.target_fd = static_cast<uint32_t>(group.get());
  attributes.attach_bpf_fd = static_cast<uint32_t>(loaded.get());
  attributes.attach_type = BPF_CGROUP_DEVICE;
  // As systemd and runc do: a program may be added below, and all of them have to allow an access.
  attributes.attach_flags = BPF_F_ALLOW_MULTI;
  return bpf(BPF_PROG_ATTACH, attributes);
}

}  // namespace

Failure attach_device_filter(const std::string& directory, const std::string& program) {
  const UniqueFd group(open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!group) return failed("open", directory);
  Last& known = last();
  const std::lock_guard lock(known.mutex);
  if (const Failure failure = load_once(program, known)) return {failure.error, failure.call, directory};
  return attach(group, known.loaded) == 0 ? Failure{} : failed("bpf", directory);
}

Failure try_device_filter(const std::string& program) {
  Last& known = last();
  const std::lock_guard lock(known.mutex);
  return load_once(program, known);
}

}  // namespace orlop::fs
