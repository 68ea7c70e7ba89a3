// The broker process sets trusted.* attributes, which takes CAP_SYS_ADMIN. The process that reads an untrusted archive
// must not have that. The broker takes a descriptor, a name and a value, checks them, and calls fsetxattr(2).
#pragma once

#include <sys/types.h>

#include "archive/attributes.h"

namespace orlop::archive {

class Broker {
 public:
  // Forks the broker. Call after the change of the root, and before capabilities are dropped.
  static Broker start();

  // Sets `attribute` on an open file or directory.
  void set(int fd, const Attribute& attribute) const;
  // Marks an open directory as opaque: it hides the entries of the layers below. A layer of root has both marks,
  // because a container in a user namespace sees only that of users.
  void set_opaque(int fd) const;

 private:
  explicit Broker(int socket) : socket_(socket) {}
  int socket_;
};

}  // namespace orlop::archive
