// The limit: what the kernel needs to start a container, with no runtime around it. A container of the same mounts and
// settings as orlop's, made by the plainest system calls from a small process.
#ifndef BENCH_LIMIT_CONTAINER_H_
#define BENCH_LIMIT_CONTAINER_H_

#include <linux/filter.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "../programs/overlay.h"

enum { kPath = 256, kMaximumVolumes = 256, kMaximumThermal = 64 };

// What all containers of a run have in common.
struct settings {
  const char* scratch;  // their directories are made in it
  const char* source;   // of every volume
  const char* layers[kMaximumLayers];
  int layer_count;
  int volumes;
  bool full;     // all default mounts, masks, limits, capabilities, filter; otherwise root, volumes, /proc and /dev
  bool network;  // a network namespace, loopback up
  bool ahead;    // directories are made before the clock starts and removed after it has stopped
  bool wait;     // the container waits, ready, for `struct request` before it executes the application
  struct sock_fprog filter;
  char volume_targets[kMaximumVolumes][16];  // relative to the root
  char thermal[kMaximumThermal][64];         // masked paths that depend on the machine, relative to the root
  int thermal_count;
};

// What a waiting container gets when it is wanted: a detached tree for the first volume's target, -1 for none.
struct request {
  int tree;
};

struct container {
  const struct settings* settings;
  char base[kPath], root[kPath], upper[kPath], work[kPath], files[kPath];
  char null[kPath], empty[kPath], hosts[kPath], hostname[kPath], resolv[kPath];
  struct overlay overlay;
  char* stack;
  int output;   // standard output of the application
  int ready;    // written when a waiting container is ready
  int gate;     // read by a waiting container
  bool forked;  // does not share memory with the caller
  const char* failed;
  int error;
};

enum { kStack = 256 * 1024 };

// Names the directories of the container with this number.
void container_init(struct container* container, const struct settings* settings, unsigned number, char* stack);

// 0, or -1 with `failed` and `error`.
int container_make_directories(struct container* container);
int container_remove_directories(struct container* container);

// Clones the container init process; its pid, or -1 with `failed` and `error`. Unless it waits, the application has
// been executed, or the process has failed, when this returns.
pid_t container_clone(struct container* container);

// Run in the container init process, in this order, and make the container.
int container_make_network(struct container* container);
int container_make_mounts(struct container* container);
int container_make_process(struct container* container);

// Keeps the first failure; -1.
int container_fail(struct container* container, const char* what);

#endif  // BENCH_LIMIT_CONTAINER_H_
