// clone3(2), and clone(2) where it is missing, with the semantics of vfork(2).
#pragma once

#include <cstddef>
#include <cstdint>

namespace orlop::launch {

// A stack for the child, with an unmapped page below it: an overrun is a fault in the child, not silent damage to the
// program whose memory the child shares. For one child at a time.
class ChildStack {
 public:
  ChildStack() = default;
  ~ChildStack();
  ChildStack(const ChildStack&) = delete;
  ChildStack& operator=(const ChildStack&) = delete;

  // Maps the stack, once. False without memory; a later call tries again.
  bool allocate();
  // Gives its memory back, until it is used again.
  void discard();
  uint8_t* bottom() const;
  size_t size() const;

 private:
  uint8_t* base_ = nullptr;
};

struct CloneRequest {
  uint64_t namespaces;  // CLONE_NEW*
  bool sibling;         // the parent of this process is the parent of the child (CLONE_PARENT)
  int cgroup;           // directory of a version 2 cgroup to start in, or -1; needs `clone3`
  bool clone3;          // the kernel has clone3(2) with CLONE_INTO_CGROUP
  int* pidfd;           // written by the kernel before the child runs
  int (*entry)(void*);  // must not return
  void* argument;
};

// Clones a child on `stack`, which has been allocated. Returns the PID or a negative errno, when the child has executed
// a program or is gone. Until then the calling thread sleeps, and the child runs in this memory on its own stack.
long clone_child(const CloneRequest& request, const ChildStack& stack);

}  // namespace orlop::launch
