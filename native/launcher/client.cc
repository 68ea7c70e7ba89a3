#include "launcher/client.h"

#include <signal.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "fs/view.h"
#include "launcher/changes.h"
#include "launcher/orphans.h"
#include "launcher/spawn.h"
#include "supervise/reaper.h"

namespace orlop::launcher {
namespace {

void put_descriptors(Writer& message, const std::vector<int>& descriptors) {
  message.put(static_cast<uint32_t>(descriptors.size()));
  for (const int fd : descriptors) message.descriptor(fd);
}

Writer begin(Call call) {
  Writer message;
  message.put(call);
  return message;
}

}  // namespace

class RemoteAttempt : public launch::Attempt {
 public:
  RemoteAttempt(Remote& remote, launch::AttemptRequest request)
      : remote_(remote), number_(++remote.attempts_), request_(std::move(request)) {}

  launch::AttemptResult execute(const fs::Changes& changes, const std::vector<int>& supplied,
                                launch::ChildStack&) override {
    Writer call = begin(Call::kAttempt).put(number_);
    put_changes(call, changes);
    call.list(request_.plan).put(request_.features);
    call.text(request_.maps.uid_map).text(request_.maps.gid_map).descriptor(request_.cgroup.get());
    call.descriptor(request_.seat.get());
    put_descriptors(call, supplied);
    launch::AttemptResult result;
    Reader answer;
    result.failure = remote_.call(call, &answer);
    // Without its pidfd the child cannot be supervised. It is not reaped yet, so the PID is its own.
    if (result.failure.error == EMFILE && !answer.failure() && answer.get<bool>()) end_child(answer.get<pid_t>());
    if (result.failure) return result;
    result.pidfd = answer.descriptor();
    result.pid = answer.get<pid_t>();
    result.executed = answer.get<bool>();
    result.refused = answer.get<bool>();
    result.cancelled = answer.get<bool>();
    result.report = answer.get<init::Report>();
    result.failure = answer.failure();
    result.cloned = answer.get<uint64_t>();
    result.entered = answer.get<uint64_t>();
    result.returned = answer.get<uint64_t>();
    result.cloner_resident_kb = answer.get<int64_t>();
    result.ops = answer.list<uint64_t>();
    return result;
  }

  void taken(const std::shared_ptr<supervise::Process>& application) override { remote_.bind(application); }
  void release() override {
    request_.cgroup.reset();
    request_.seat.reset();
  }
  void cancel() override { remote_.cancel(number_); }

 private:
  Remote& remote_;
  const uint64_t number_;
  launch::AttemptRequest request_;
};

Remote* Remote::of(const Options& options, Refusal* refusal) {
  static std::mutex mutex;
  static auto* const running = new std::vector<std::pair<Options, Remote*>>;  // never destroyed, as the sites
  const std::lock_guard lock(mutex);
  std::erase_if(*running, [](const auto& one) { return one.second->ended(); });
  for (const auto& [of, remote] : *running) {
    if (of == options) return remote;
  }
  Remote* const made = start(options, refusal);
  if (made != nullptr) running->emplace_back(options, made);
  return made;
}

bool Remote::ended() {
  const std::lock_guard lock(mutex_);
  return ended_;
}

Remote* Remote::start(const Options& options, Refusal* refusal) {
  std::unique_ptr<Remote> remote(new Remote(options.executable));
  refusal->failure = spawn(options.executable, {options.uid_map, options.gid_map, options.newuidmap, options.newgidmap},
                           -1, &remote->control_, &remote->process_);
  if (refusal->failure) return nullptr;
  Reader hello;
  refusal->failure = receive_message(remote->control_.get(), &hello);
  if (!refusal->failure) {
    refusal->step = hello.get<Step>();
    refusal->failure = hello.failure();
    refusal->text = hello.text();
    remote->features_ = hello.get<uint32_t>();
    remote->user_namespace_ = hello.descriptor();
  }
  if (!refusal->failure) refusal->failure = supervise::Reaper::instance().watch(remote->process_);
  if (refusal->failure) {
    remote->process_->kill(SIGKILL);
    remote->process_->finish();
    return nullptr;
  }
  Remote* const made = remote.release();
  made->process_->on_exit([made](const Exit&) {
    std::unordered_map<supervise::Process*, std::shared_ptr<supervise::Process>> applications;
    {
      const std::lock_guard lock(made->mutex_);
      made->ended_ = true;
      applications = std::move(made->applications_);
    }
    for (const auto& [key, application] : applications) application->kill(SIGKILL);
    std::vector<pid_t> known;
    known.reserve(applications.size());
    for (const auto& [key, application] : applications) known.push_back(application->pid());
    end_children_of(made->pid(), made->user_namespace(), known);
  });
  return made;
}

Failure Remote::connect(UniqueFd* socket) {
  UniqueFd theirs;
  if (Failure failure = socket_pair(socket, &theirs)) return failure;
  Writer order;
  order.put(Order::kConnect).descriptor(theirs.get());
  const std::lock_guard lock(mutex_);
  return send_message(control_.get(), order);
}

Failure Remote::call(const Writer& call, Reader* answer) {
  UniqueFd socket;
  {
    const std::lock_guard lock(mutex_);
    if (!idle_.empty()) {
      socket = std::move(idle_.back());
      idle_.pop_back();
    }
  }
  if (!socket) {
    if (Failure failure = connect(&socket)) return failure;
  }
  if (Failure failure = send_message(socket.get(), call)) return failure;
  Failure failure = receive_message(socket.get(), answer);
  if (failure && failure.error != EMFILE) return failure;
  {
    const std::lock_guard lock(mutex_);
    if (idle_.size() < kMaxIdle) idle_.push_back(std::move(socket));
  }
  return failure ? failure : answer->failure();
}

Failure Remote::call_for_descriptor(const Writer& call, UniqueFd* fd) {
  Reader answer;
  if (Failure failure = this->call(call, &answer)) return failure;
  *fd = answer.descriptor();
  return {};
}

void Remote::cancel(uint64_t number) {
  Writer order;
  order.put(Order::kCancel).put(number);
  const std::lock_guard lock(mutex_);
  (void)send_message(control_.get(), order);
}

void Remote::bind(const std::shared_ptr<supervise::Process>& application) {
  bool ended;
  {
    const std::lock_guard lock(mutex_);
    ended = ended_;
    if (!ended) applications_.emplace(application.get(), application);
  }
  if (ended) application->kill(SIGKILL);
  application->on_exit([this, key = application.get()](const Exit&) {
    const std::lock_guard lock(mutex_);
    applications_.erase(key);
  });
}

std::unique_ptr<launch::Attempt> Remote::attempt(launch::AttemptRequest request) {
  return std::make_unique<RemoteAttempt>(*this, std::move(request));
}

Failure Remote::apply(const fs::Changes& changes) {
  Writer message = begin(Call::kApply);
  put_changes(message, changes);
  Reader answer;
  return call(message, &answer);
}

Failure Remote::make_empty_namespace(opener::EmptyNamespace::For children) {
  Reader answer;
  return call(begin(Call::kMakeEmptyNamespace).put(children), &answer);
}

Failure Remote::open_seat(const std::vector<std::string>& directories, UniqueFd* lease) {
  return call_for_descriptor(begin(Call::kOpenSeat).texts(directories), lease);
}

Failure Remote::make_network(const std::vector<uint8_t>& plan, uint32_t features, UniqueFd* network) {
  return call_for_descriptor(begin(Call::kMakeNetwork).list(plan).put(features), network);
}

Failure Remote::open_mounts(const std::vector<uint8_t>& plan, uint32_t features, const std::vector<int>& supplied,
                            opener::HostExecution* opened) {
  Writer message = begin(Call::kOpenMounts);
  message.list(plan).put(features);
  put_descriptors(message, supplied);
  Reader answer;
  if (Failure failure = call(message, &answer)) return failure;
  opened->executed = answer.get<bool>();
  opened->report = answer.get<init::Report>();
  opened->times = answer.list<uint64_t>();
  opened->slots.resize(answer.get<uint32_t>());
  for (UniqueFd& slot : opened->slots) slot = answer.descriptor();
  return {};
}

Failure Remote::open_view(const std::vector<std::string>& layers, fs::Marks marks, UniqueFd* view) {
  return call_for_descriptor(begin(Call::kOpenView).texts(layers).put(marks), view);
}

// The launcher cannot enter the user namespace of another program's launcher, which is beside its own. The caller owns
// both, so a process that begins outside of them can.
Failure Remote::open_root_of(pid_t pid, uint64_t start_time, UniqueFd* view) {
  UniqueFd pidfd, socket;
  if (Failure failure = fs::open_process(pid, start_time, &pidfd)) return failure;
  std::shared_ptr<supervise::Process> process;
  if (Failure failure = spawn(executable_, {}, pidfd.get(), &socket, &process)) return failure;
  Reader answer;
  Failure failure = receive_message(socket.get(), &answer);
  process->finish();
  if (!failure) failure = answer.failure();
  if (!failure) *view = answer.descriptor();
  return failure;
}

Failure Remote::open_in_root(int root, const std::string& path, int flags, unsigned mode, UniqueFd* opened) {
  return call_for_descriptor(begin(Call::kOpenInRoot).descriptor(root).text(path).put(flags).put(mode), opened);
}

Failure Remote::remove_tree(int directory, const std::string& name) {
  Reader answer;
  return call(begin(Call::kRemoveTree).descriptor(directory).text(name), &answer);
}

Failure Remote::copy_tree(int source, int destination) {
  Reader answer;
  return call(begin(Call::kCopyTree).descriptor(source).descriptor(destination), &answer);
}

Failure Remote::diff(int upper, int view, fs::Marks marks, std::vector<fs::LayerChange>* changes) {
  Reader answer;
  if (Failure failure = call(begin(Call::kDiff).descriptor(upper).descriptor(view).put(marks), &answer)) return failure;
  for (auto left = answer.get<uint32_t>(); left > 0 && answer.good(); --left) {
    const char kind = answer.get<char>();
    changes->push_back({kind, answer.text()});
  }
  return {};
}

Failure Remote::tree_size(int directory, fs::TreeSize* size) {
  Reader answer;
  if (Failure failure = call(begin(Call::kTreeSize).descriptor(directory), &answer)) return failure;
  *size = answer.get<fs::TreeSize>();
  return {};
}

}  // namespace orlop::launcher
