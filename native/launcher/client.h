// The caller's end of orlop-launcher.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/failure.h"
#include "base/unique_fd.h"
#include "launcher/calls.h"
#include "launcher/wire.h"
#include "site/site.h"
#include "supervise/process.h"

namespace orlop::launcher {

struct Options {
  std::string executable;
  // Lines of uid_map(5); empty: no user namespace.
  std::string uid_map, gid_map;
  // Paths of newuidmap(1) and newgidmap(1), which write maps of more than the caller's ID; empty: orlop-launcher does.
  std::string newuidmap, newgidmap;

  bool operator==(const Options&) const = default;
};

// Why there is no launcher.
struct Refusal {
  Failure failure;
  Step step = Step::kReady;
  std::string text;  // of what wrote the maps
};

// A site behind orlop-launcher. It lives as long as the program, and so does the process, unless it is killed: then all
// its containers are killed, and all calls fail.
class Remote : public site::Site {
 public:
  // The launcher with these options: the one that the program has, unless it has ended, or a new one. A new one ends
  // with the calling thread: call on a launcher thread.
  static Remote* of(const Options& options, Refusal* refusal);

  // The user namespace, for orlop-archive to enter; -1: none. The site's.
  int user_namespace() const { return user_namespace_.get(); }
  pid_t pid() const { return process_->pid(); }

  uint32_t features() override { return features_; }
  std::unique_ptr<launch::Attempt> attempt(launch::AttemptRequest request) override;
  Failure apply(const fs::Changes& changes) override;
  Failure make_empty_namespace(opener::EmptyNamespace::For children) override;
  Failure open_seat(const std::vector<std::string>& directories, UniqueFd* lease) override;
  Failure make_network(const std::vector<uint8_t>& plan, uint32_t features, UniqueFd* network) override;
  Failure open_mounts(const std::vector<uint8_t>& plan, uint32_t features, const std::vector<int>& supplied,
                      opener::HostExecution* opened) override;
  Failure open_view(const std::vector<std::string>& layers, fs::Marks marks, UniqueFd* view) override;
  Failure open_root_of(pid_t pid, uint64_t start_time, UniqueFd* view) override;
  Failure open_in_root(int root, const std::string& path, int flags, unsigned mode, UniqueFd* opened) override;
  Failure remove_tree(int directory, const std::string& name) override;
  Failure copy_tree(int source, int destination) override;
  Failure diff(int upper, int view, fs::Marks marks, std::vector<fs::LayerChange>* changes) override;
  Failure tree_size(int directory, fs::TreeSize* size) override;

 private:
  friend class RemoteAttempt;
  explicit Remote(std::string executable) : executable_(std::move(executable)) {}
  static Remote* start(const Options& options, Refusal* refusal);
  bool ended();

  // Sends a call, and receives its answer.
  Failure call(const Writer& call, Reader* answer);
  Failure call_for_descriptor(const Writer& call, UniqueFd* fd);
  Failure connect(UniqueFd* socket);
  void cancel(uint64_t number);
  // Kills an application if the launcher ends before it.
  void bind(const std::shared_ptr<supervise::Process>& application);

  const std::string executable_;
  UniqueFd control_, user_namespace_;
  std::shared_ptr<supervise::Process> process_;
  uint32_t features_ = 0;
  std::atomic<uint64_t> attempts_ = 0;
  std::mutex mutex_;  // guards the fields below, and the order of messages on `control_`
  // Sockets for calls. Each has a thread in the launcher, and a program that makes many calls at once makes few later.
  static constexpr size_t kMaxIdle = 8;
  std::vector<UniqueFd> idle_;
  std::unordered_map<supervise::Process*, std::shared_ptr<supervise::Process>> applications_;
  bool ended_ = false;
};

}  // namespace orlop::launcher
