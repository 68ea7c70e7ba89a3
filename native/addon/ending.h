// What follows the end of an application, and how JavaScript hears of it.
#pragma once

#include <napi.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "addon/deferred.h"
#include "addon/environment.h"
#include "base/pidfd.h"
#include "fs/changes.h"
#include "supervise/exit_worker.h"
#include "supervise/process.h"

namespace orlop::addon {

struct Ending {
  explicit Ending(std::shared_ptr<Environment> held) : environment(std::move(held)) {}

  std::shared_ptr<Environment> environment;  // held, until the promise is settled
  std::optional<Deferred> deferred;          // JS: Finished of ts/native/contract.ts
  std::shared_ptr<launch::Process> process;
  std::vector<std::shared_ptr<launch::Output>> outputs;
  size_t limit = 0;  // bytes of each
  fs::Changes changes, later;
  std::function<void(Napi::Env)> first;  // JS: before the promise is settled, and has to make it; may be null
  Exit exit;
  Failure failure;     // of the changes
  size_t pending = 1;  // on the finisher's thread: the outputs, and the end
};

using SharedEnding = std::shared_ptr<Ending>;

// What JavaScript wants to be done about an application that starts.
struct Followed {
  SharedEnding ending;        // null when it is not said what follows the end
  bool collect = false;       // what the application writes goes to the ending
  bool quiet = false;         // the start is told of together with the end
  std::vector<bool> outputs;  // of the pipes that are made for it: whether the application writes to it
  // Any thread, once, when the application runs: writes the lists of the ending.
  std::function<void(Ending&)> fill;
};

// JS. Reads how the caller hears of the end. Empty, or what is wrong.
std::string read_follow(const Napi::Value& follow, const std::shared_ptr<Environment>& environment, Followed& followed);

// Any thread. A pipe that is to be read to its end.
void add_output(Ending& ending, UniqueFd pipe);

// Any thread. Makes the threads, so that `follow` cannot fail for want of one; `later`: whether anything is left for
// then.
Failure prepare_to_follow(bool later);

// Any thread. Sees the process to its end, does what follows it, and settles the promise. When it fails, `fail` does.
Failure follow(const SharedEnding& ending);

// Any thread. For an application that has started: has `tell` told to JavaScript, and what is to follow seen to. Pipes
// that are to be collected are taken out of these.
void follow_start(const Followed& followed, const std::shared_ptr<launch::Process>& process,
                  std::vector<UniqueFd>& pipes, std::function<void(Napi::Env)> tell);

// JS. For the caller to close.
Napi::Array give_pipes(Napi::Env env, Environment& environment, std::vector<UniqueFd>& pipes);

// Any thread. An application whose end nobody sees to must not run: kills it, and rejects the promise.
void fail(const SharedEnding& ending, const Failure& failure);

}  // namespace orlop::addon
