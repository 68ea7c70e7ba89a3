// Mounts an overlay the quickest way: mount(2) while the options fit into its one page, layer by layer otherwise.
#ifndef BENCH_OVERLAY_H_
#define BENCH_OVERLAY_H_

#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef __NR_fsopen
#define __NR_move_mount 429
#define __NR_fsopen 430
#define __NR_fsconfig 431
#define __NR_fsmount 432
#endif

enum { kOverlayPage = 4096, kMaximumLayers = 256 };

struct overlay {
  const char* target;
  const char* upper;
  const char* work;
  const char* const* layers;  // uppermost first
  int count;
  char options[kOverlayPage];  // empty when they do not fit
};

// Makes the option string ahead of the measured part.
static inline void overlay_prepare(struct overlay* overlay) {
  size_t length = 0;
  for (int i = 0; i < overlay->count && length < kOverlayPage; i++) {
    length += (size_t)snprintf(overlay->options + length, kOverlayPage - length, "%s%s", i == 0 ? "lowerdir=" : ":",
                               overlay->layers[i]);
  }
  if (length < kOverlayPage) {
    length += (size_t)snprintf(overlay->options + length, kOverlayPage - length, ",upperdir=%s,workdir=%s,volatile",
                               overlay->upper, overlay->work);
  }
  if (length >= kOverlayPage) overlay->options[0] = 0;
}

static inline long overlay_set(int filesystem, int command, const char* key, const char* value) {
  return syscall(__NR_fsconfig, filesystem, command, key, value, 0);
}

// 0, or -1 with errno.
static inline int overlay_mount(const struct overlay* overlay) {
  if (overlay->options[0] != 0) return mount("overlay", overlay->target, "overlay", 0, overlay->options);
  enum { kSetFlag = 0, kSetString = 1, kCreate = 6, kFromEmptyPath = 4, kHere = -100 };
  const int filesystem = (int)syscall(__NR_fsopen, "overlay", 1);
  if (filesystem < 0) return -1;
  long error = 0;
  for (int i = 0; error == 0 && i < overlay->count; i++) {
    error = overlay_set(filesystem, kSetString, "lowerdir+", overlay->layers[i]);
  }
  if (error == 0) error = overlay_set(filesystem, kSetString, "upperdir", overlay->upper);
  if (error == 0) error = overlay_set(filesystem, kSetString, "workdir", overlay->work);
  if (error == 0) error = overlay_set(filesystem, kSetFlag, "volatile", NULL);
  if (error == 0) error = overlay_set(filesystem, kCreate, NULL, NULL);
  const int tree = error == 0 ? (int)syscall(__NR_fsmount, filesystem, 1, 0) : -1;
  close(filesystem);
  if (tree < 0) return -1;
  error = syscall(__NR_move_mount, tree, "", kHere, overlay->target, kFromEmptyPath);
  close(tree);
  return (int)error;
}

#endif  // BENCH_OVERLAY_H_
