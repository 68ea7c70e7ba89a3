// Where the system calls that need privilege are made: in this process, or in orlop-launcher.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/failure.h"
#include "base/unique_fd.h"
#include "fs/changes.h"
#include "fs/diff.h"
#include "fs/size.h"
#include "launch/attempt.h"
#include "opener/empty_namespace.h"
#include "opener/host_executor.h"

namespace orlop::site {

// Any thread may call any method. They block, so none but `features`, `attempt` and `apply` is for the JavaScript
// thread. Descriptors in arguments stay the caller's; descriptors in results are the caller's.
class Site {
 public:
  virtual ~Site() = default;

  // Feature bits of init::Feature, probed there.
  virtual uint32_t features() = 0;
  virtual std::unique_ptr<launch::Attempt> attempt(launch::AttemptRequest request) = 0;
  virtual Failure apply(const fs::Changes& changes) = 0;

  // See native/opener. The mounts of `open_mounts` are made on the calling thread, a launcher thread.
  virtual Failure make_empty_namespace(opener::EmptyNamespace::For children) = 0;
  // See launch::Seat.
  virtual Failure open_seat(const std::vector<std::string>& directories, UniqueFd* lease) = 0;
  virtual Failure make_network(const std::vector<uint8_t>& plan, uint32_t features, UniqueFd* network) = 0;
  virtual Failure open_mounts(const std::vector<uint8_t>& plan, uint32_t features, const std::vector<int>& supplied,
                              opener::HostExecution* opened) = 0;

  // See native/fs.
  virtual Failure open_view(const std::vector<std::string>& layers, fs::Marks marks, UniqueFd* view) = 0;
  virtual Failure open_root_of(pid_t pid, uint64_t start_time, UniqueFd* view) = 0;
  virtual Failure open_in_root(int root, const std::string& path, int flags, unsigned mode, UniqueFd* opened) = 0;
  virtual Failure remove_tree(int directory, const std::string& name) = 0;
  virtual Failure copy_tree(int source, int destination) = 0;
  virtual Failure diff(int upper, int view, fs::Marks marks, std::vector<fs::LayerChange>* changes) = 0;
  virtual Failure tree_size(int directory, fs::TreeSize* size) = 0;
};

// This process.
Site& here();

}  // namespace orlop::site
