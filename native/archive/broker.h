// trusted.* attributes need CAP_SYS_ADMIN, which the process that reads an untrusted archive must not have. A second
// process has it, and nothing else: it takes a descriptor, a name and a value, checks them, and calls fsetxattr.
#pragma once

#include <sys/types.h>

#include "archive/attributes.h"

namespace orlop::archive {

class Broker {
 public:
  // Forks it: after the root was changed, before capabilities are dropped.
  static Broker start();

  // Sets `attribute` on an open file or directory.
  void set(int fd, const Attribute& attribute) const;
  // Marks an open directory as hiding what the layers below have in it.
  void set_opaque(int fd) const { set(fd, {kOpaqueAttribute, "y"}); }

 private:
  explicit Broker(int socket) : socket_(socket) {}
  int socket_;
};

}  // namespace orlop::archive
