// The exit of an application: what follows it, and its report to JavaScript.
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
#include "site/site.h"
#include "supervise/exit_worker.h"
#include "supervise/process.h"

namespace orlop::addon {

struct AfterExit {
  AfterExit(site::Site& at, std::shared_ptr<Environment> held) : site(at), environment(std::move(held)) {}

  site::Site& site;                          // where the changes are made
  std::shared_ptr<Environment> environment;  // held until the promise is settled
  std::optional<Deferred> deferred;          // JS: NativeExit of ts/native/contract.ts
  std::shared_ptr<supervise::Process> process;
  std::vector<std::shared_ptr<supervise::Output>> outputs;
  size_t limit = 0;  // bytes of each output
  fs::Changes changes, background;
  std::function<void(Napi::Env)>
      report_start;  // JS: called before the promise is settled; makes `deferred`; may be null
  Exit exit;
  bool exited = false, killed = false;  // exit thread: what ends the wait for outputs that are held open
  Failure failure;                      // of the changes
  size_t pending = 1;                   // exit thread: outputs that are not read to their end, and the exit
};

using SharedAfterExit = std::shared_ptr<AfterExit>;

// Options of JavaScript for the exit of an application.
struct ExitOptions {
  SharedAfterExit after_exit;     // null: the exit is not reported
  bool collect = false;           // the exit thread reads the outputs
  bool report_with_exit = false;  // start and exit are reported together
  std::vector<bool> outputs;      // for each pipe: true if the application writes to it
  // Any thread, once, when the application runs: fills in the batches of changes.
  std::function<void(AfterExit&)> fill_holes;
};

// JS. Reads ExitOptions of ts/native/contract.ts. Returns what is wrong, or empty.
std::string read_exit_options(const Napi::Value& value, site::Site& site,
                              const std::shared_ptr<Environment>& environment, ExitOptions& exit_options);

// Any thread. Adds a pipe that the exit thread reads to its end.
void add_output(AfterExit& after_exit, UniqueFd pipe);

// Any thread. Makes the exit thread, and with `background` the background thread, so that `watch_exit` needs no new
// thread.
Failure prepare_exit_threads(bool background);

// Any thread. Reads the outputs, waits for the exit, applies the changes, and settles the promise. After a failure,
// call `kill_and_reject`.
Failure watch_exit(const SharedAfterExit& after_exit);

// Any thread. Posts `report` to JavaScript, and watches the exit. Takes the pipes that are collected out of `pipes`.
void report_start_and_watch(const ExitOptions& exit_options, const std::shared_ptr<supervise::Process>& process,
                            std::vector<UniqueFd>& pipes, std::function<void(Napi::Env)> report);

// JS. Gives the pipes to JavaScript, which closes them.
Napi::Array give_pipes(Napi::Env env, Environment& environment, std::vector<UniqueFd>& pipes);

// Any thread. Kills an application whose exit the program cannot notice, and rejects the promise.
void kill_and_reject(const SharedAfterExit& after_exit, const Failure& failure);

}  // namespace orlop::addon
