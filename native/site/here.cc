#include "base/thread.h"
#include "fs/copy.h"
#include "fs/in_root.h"
#include "fs/remove.h"
#include "fs/view.h"
#include "launch/cloning.h"
#include "launch/features.h"
#include "launch/seat.h"
#include "opener/empty_namespace.h"
#include "opener/mounts.h"
#include "opener/network.h"
#include "site/site.h"

namespace orlop::site {
namespace {

class Here : public Site {
 public:
  uint32_t features() override { return launch::features(); }

  std::unique_ptr<launch::Attempt> attempt(launch::AttemptRequest request) override {
    return std::make_unique<launch::Cloning>(std::move(request));
  }

  Failure apply(const fs::Changes& changes) override { return fs::apply(changes); }

  Failure make_empty_namespace(opener::EmptyNamespace::For children) override {
    return on_own_thread("orlop-empty", [=] { return opener::EmptyNamespace::instance(children).make(); });
  }

  Failure open_seat(const std::vector<std::string>& directories, UniqueFd* lease) override {
    return launch::Seat::open(directories, lease);
  }

  Failure make_network(const std::vector<uint8_t>& plan, uint32_t features, UniqueFd* network) override {
    return on_own_thread("orlop-network", [&] { return opener::make_network(plan, features, network); });
  }

  Failure open_mounts(const std::vector<uint8_t>& plan, uint32_t features, const std::vector<int>& supplied,
                      opener::HostExecution* opened) override {
    return opener::open_mounts(plan, features, opened, supplied);
  }

  Failure open_view(const std::vector<std::string>& layers, fs::Marks marks, UniqueFd* view) override {
    return fs::open_view(layers, marks, view);
  }

  Failure open_root_of(pid_t pid, uint64_t start_time, UniqueFd* view) override {
    return fs::open_root_of(pid, start_time, view);
  }

  Failure open_in_root(int root, const std::string& path, int flags, unsigned mode, UniqueFd* opened) override {
    return fs::open_in_root(root, path, flags, mode, opened);
  }

  Failure remove_tree(int directory, const std::string& name) override { return fs::remove_tree(directory, name); }

  Failure copy_tree(int source, int destination) override { return fs::copy_tree(source, destination); }

  Failure diff(int upper, int view, fs::Marks marks, std::vector<fs::LayerChange>* changes) override {
    return fs::diff(upper, view, marks, changes);
  }

  Failure tree_size(int directory, fs::TreeSize* size) override { return fs::tree_size(directory, size); }
};

}  // namespace

Site& here() {
  static auto* here = new Here;  // never destroyed: threads run while the program exits
  return *here;
}

}  // namespace orlop::site
