#include "launcher/server.h"

#include <malloc.h>
#include <poll.h>

#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <utility>
#include <vector>

#include "base/thread.h"
#include "launch/cloning.h"
#include "launcher/calls.h"
#include "launcher/changes.h"
#include "launcher/wire.h"
#include "opener/empty_namespace.h"
#include "site/site.h"

namespace orlop::launcher {
namespace {

// Attempts that run, for cancellation.
class Running {
 public:
  void add(uint64_t number, const std::shared_ptr<launch::Cloning>& attempt) {
    const std::lock_guard lock(mutex_);
    attempts_.emplace(number, attempt);
    if (cancelled_.erase(number) > 0) attempt->cancel();
  }
  void remove(uint64_t number) {
    const std::lock_guard lock(mutex_);
    attempts_.erase(number);
  }
  void cancel(uint64_t number) {
    const std::lock_guard lock(mutex_);
    const auto found = attempts_.find(number);
    if (found != attempts_.end()) {
      found->second->cancel();
      return;
    }
    // It comes by another socket, and may be here first. Or the attempt is over, and the number stays: some at most.
    if (cancelled_.size() == kMaxCancelled) cancelled_.erase(cancelled_.begin());
    cancelled_.insert(number);
  }

 private:
  std::mutex mutex_;
  static constexpr size_t kMaxCancelled = 1024;
  std::map<uint64_t, std::shared_ptr<launch::Cloning>> attempts_;
  std::set<uint64_t> cancelled_;  // not begun yet
};

std::vector<UniqueFd> descriptors(Reader& call) {
  std::vector<UniqueFd> list(call.get<uint32_t>());
  for (UniqueFd& fd : list) fd = call.descriptor();
  return list;
}

std::vector<int> numbers_of(const std::vector<UniqueFd>& list) {
  std::vector<int> numbers;
  numbers.reserve(list.size());
  for (const UniqueFd& fd : list) numbers.push_back(fd.get());
  return numbers;
}

void give_back_heap() {
#ifdef __GLIBC__
  (void)malloc_trim(0);
#endif
}

// One socket for calls, on a thread of its own.
class Connection {
 public:
  Connection(UniqueFd socket, int caller, Running& running)
      : socket_(std::move(socket)), caller_(caller), running_(running) {}

  void work() {
    Reader call;
    while (!receive_call(&call)) {
      Writer answer;
      // A start whose thread could not return to the host's mounts tries again here.
      Failure failure = opener::EmptyNamespace::leave();
      std::vector<UniqueFd> given;
      if (!failure) failure = handle(call, answer, given);
      if (!failure && !call.good()) failure = {EBADMSG, "recv", "orlop-launcher"};
      Writer whole;
      whole.failure(failure);
      if (!failure) whole.append(answer);
      if (Failure unsent = send_message(socket_.get(), whole)) {
        // Nothing was sent of a message that is too large, or of descriptors that the kernel refused.
        Writer refusal;
        refusal.failure(unsent);
        if (send_message(socket_.get(), refusal)) return;
      }
      if (after_) after_();
      // The thread waits for its next call for a long time, perhaps.
      call = {};
      after_ = nullptr;
    }
  }

 private:
  // A thread that was needed for many calls at once may have nothing to do for the rest of the program. After a while
  // it gives back what it does not use.
  Failure receive_call(Reader* call) {
    pollfd next{.fd = socket_.get(), .events = POLLIN, .revents = 0};
    if (poll(&next, 1, kWhileMs) == 0) {
      stack_.discard();
      give_back_heap();
    }
    return receive_message(socket_.get(), call);
  }

  // Fills the answer. `given` owns its descriptors until it is sent.
  Failure handle(Reader& call, Writer& answer, std::vector<UniqueFd>& given) {
    site::Site& here = site::here();
    switch (call.get<Call>()) {
      case Call::kAttempt:
        return attempt(call, answer, given);
      case Call::kApply:
        return here.apply(get_changes(call));
      case Call::kMakeEmptyNamespace:
        return here.make_empty_namespace(call.get<opener::EmptyNamespace::For>());
      case Call::kOpenSeat: {
        const auto directories = call.texts();
        return give(answer, given, [&](UniqueFd* lease) { return here.open_seat(directories, lease); });
      }
      case Call::kMakeNetwork: {
        const auto plan = call.list<uint8_t>();
        const auto features = call.get<uint32_t>();
        return give(answer, given, [&](UniqueFd* network) { return here.make_network(plan, features, network); });
      }
      case Call::kOpenMounts:
        return open_mounts(call, answer, given);
      case Call::kOpenView: {
        const auto layers = call.texts();
        const auto marks = call.get<fs::Marks>();
        return give(answer, given, [&](UniqueFd* view) { return here.open_view(layers, marks, view); });
      }
      case Call::kOpenInRoot: {
        const UniqueFd root = call.descriptor();
        const std::string path = call.text();
        const auto flags = call.get<int>();
        const auto mode = call.get<unsigned>();
        return give(answer, given,
                    [&](UniqueFd* opened) { return here.open_in_root(root.get(), path, flags, mode, opened); });
      }
      case Call::kRemoveTree: {
        const UniqueFd directory = call.descriptor();
        return here.remove_tree(directory.get(), call.text());
      }
      case Call::kCopyTree: {
        const UniqueFd source = call.descriptor(), destination = call.descriptor();
        return here.copy_tree(source.get(), destination.get());
      }
      case Call::kDiff: {
        const UniqueFd upper = call.descriptor(), view = call.descriptor();
        const auto marks = call.get<fs::Marks>();
        std::vector<fs::LayerChange> changes;
        Failure failure = here.diff(upper.get(), view.get(), marks, &changes);
        answer.put(static_cast<uint32_t>(changes.size()));
        for (const fs::LayerChange& change : changes) answer.put(change.kind).text(change.path);
        return failure;
      }
      case Call::kTreeSize: {
        const UniqueFd directory = call.descriptor();
        fs::TreeSize size;
        Failure failure = here.tree_size(directory.get(), &size);
        answer.put(size);
        return failure;
      }
    }
    return {ENOSYS, "recv", "orlop-launcher"};
  }

  template <typename Open>
  static Failure give(Writer& answer, std::vector<UniqueFd>& given, const Open& open) {
    Failure failure = open(&given.emplace_back());
    answer.descriptor(given.back().get());
    return failure;
  }

  Failure attempt(Reader& call, Writer& answer, std::vector<UniqueFd>& given) {
    const auto number = call.get<uint64_t>();
    const fs::Changes changes = get_changes(call);
    launch::AttemptRequest request{.plan = call.list<uint8_t>(), .features = call.get<uint32_t>(), .maps = {}};
    request.maps.uid_map = call.text();
    request.maps.gid_map = call.text();
    request.cgroup = call.descriptor();
    request.seat = call.descriptor();
    auto supplied = std::make_shared<std::vector<UniqueFd>>(descriptors(call));
    if (!call.good()) return {};
    const auto cloning =
        std::make_shared<launch::Cloning>(std::move(request), launch::Cloning::Family::kSibling, caller_);
    running_.add(number, cloning);
    launch::AttemptResult result = cloning->execute(changes, numbers_of(*supplied), stack_);
    running_.remove(number);
    answer.descriptor(result.pidfd.get());
    answer.put(result.pid).put(result.executed).put(result.refused).put(result.cancelled).put(result.report);
    answer.failure(result.failure).put(result.cloned).put(result.entered).put(result.returned);
    answer.put(result.cloner_resident_kb).list(result.ops);
    given.push_back(std::move(result.pidfd));
    const auto release = [cloning, supplied] {
      supplied->clear();
      cloning->release();
    };
    // As for Start::release: without an application, the caller may start again with the same layer.
    if (result.executed) {
      after_ = release;
    } else {
      release();
    }
    return {};
  }

  static Failure open_mounts(Reader& call, Writer& answer, std::vector<UniqueFd>& given) {
    const auto plan = call.list<uint8_t>();
    const auto features = call.get<uint32_t>();
    const std::vector<UniqueFd> supplied = descriptors(call);
    opener::HostExecution opened;
    Failure failure = site::here().open_mounts(plan, features, numbers_of(supplied), &opened);
    answer.put(opened.executed).put(opened.report).list(opened.times);
    answer.put(static_cast<uint32_t>(opened.slots.size()));
    for (UniqueFd& slot : opened.slots) {
      answer.descriptor(slot.get());
      given.push_back(std::move(slot));
    }
    return failure;
  }

  static constexpr int kWhileMs = 1000;

  UniqueFd socket_;
  const int caller_;
  Running& running_;
  launch::ChildStack stack_;
  std::function<void()> after_;  // the answer was sent
};

}  // namespace

void serve(int control, int caller) {
  static auto* const running = new Running;  // its threads run while the program exits
  Reader order;
  while (!receive_message(control, &order)) {
    switch (order.get<Order>()) {
      case Order::kConnect: {
        const auto connection = std::make_shared<Connection>(order.descriptor(), caller, *running);
        // Without a thread the socket is closed, which the caller's call notices.
        (void)start_detached_thread("orlop-call", [connection] { connection->work(); });
        break;
      }
      case Order::kCancel:
        running->cancel(order.get<uint64_t>());
        break;
    }
  }
}

}  // namespace orlop::launcher
