#include "archive/broker.h"

#include <errno.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "archive/calls.h"
#include "archive/jail.h"
#include "archive/report.h"

namespace orlop::archive {

namespace {

constexpr size_t kMaxName = 256;  // XATTR_NAME_MAX and its NUL
constexpr size_t kMaxMessage = kMaxName + (64u << 10);

// A message: the name, a NUL, the value, and the descriptor.
struct Request {
  Fd fd;
  const char* name;
  const char* value;
  size_t value_size;
};

// The mark of the mounts of the caller.
const char* own_opaque() { return in_user_namespace() ? kUserOpaque : kTrustedOpaque; }

bool receive(int socket, char* buffer, Request& request) {
  iovec part{buffer, kMaxMessage};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))];
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  ssize_t size = 0;
  do {
    size = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
  } while (size < 0 && errno == EINTR);
  if (size <= 0) return false;
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  if (header == nullptr || header->cmsg_type != SCM_RIGHTS || header->cmsg_len != CMSG_LEN(sizeof(int))) return false;
  int fd = -1;
  memcpy(&fd, CMSG_DATA(header), sizeof fd);
  request.fd = Fd(fd);
  const void* end = memchr(buffer, 0, static_cast<size_t>(size));
  if (end == nullptr) return false;
  request.name = buffer;
  request.value = static_cast<const char*>(end) + 1;
  request.value_size = static_cast<size_t>(buffer + size - request.value);
  return true;
}

// Allows only trusted.*, and of overlayfs' names only `opaque`: an archive may have taken control of the sender.
int serve(const Request& request) {
  struct stat info;
  if (fstat(request.fd.get(), &info) != 0) return errno;
  bool directory = S_ISDIR(info.st_mode);
  if (!directory && !S_ISREG(info.st_mode)) return EPERM;
  std::string_view name = request.name;
  std::string_view value(request.value, request.value_size);
  const bool opaque = directory && name == own_opaque() && value == "y";
  if (!opaque && (is_overlay_attribute(name) || !name.starts_with("trusted."))) return EPERM;
  return fsetxattr(request.fd.get(), request.name, request.value, request.value_size, 0) == 0 ? 0 : errno;
}

[[noreturn]] void run_broker(int socket) {
  close_all_but(socket);
  // For `trusted.*`; in a user namespace for `user.*` of a directory with another owner.
  drop_capabilities(1ull << (in_user_namespace() ? CAP_DAC_OVERRIDE : CAP_SYS_ADMIN));
  lock_down(Role::kBroker);
  static char buffer[kMaxMessage];
  for (;;) {
    Request request;
    if (!receive(socket, buffer, request)) _exit(0);
    int32_t answer = serve(request);
    if (write(socket, &answer, sizeof answer) != sizeof answer) _exit(0);
  }
}

}  // namespace

Broker Broker::start() {
  int pair[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) fail("socketpair", errno);
  pid_t pid = fork();
  if (pid < 0) fail("fork", errno);
  if (pid == 0) run_broker(pair[1]);
  close(pair[1]);
  set_helper(pid, pair[0]);
  return Broker(pair[0]);
}

void Broker::set_opaque(int fd) const {
  set(fd, {own_opaque(), "y"});
  // This process may set that of users itself. Without such attributes there is no mount in a user namespace.
  if (in_user_namespace() || fsetxattr(fd, kUserOpaque, "y", 1, 0) == 0 || errno == EOPNOTSUPP) return;
  fail("fsetxattr", errno);
}

void Broker::set(int fd, const Attribute& attribute) const {
  if (attribute.name.size() >= kMaxName || attribute.value.size() > (64u << 10)) refuse("attribute", attribute.name);
  iovec parts[2] = {{const_cast<char*>(attribute.name.c_str()), attribute.name.size() + 1},
                    {const_cast<char*>(attribute.value.data()), attribute.value.size()}};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  msghdr message{};
  message.msg_iov = parts;
  message.msg_iovlen = 2;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof(int));
  memcpy(CMSG_DATA(header), &fd, sizeof fd);
  if (sendmsg(socket_, &message, MSG_NOSIGNAL) < 0) fail("sendmsg", errno);
  int32_t answer = 0;
  if (read_some(socket_, &answer, sizeof answer) != sizeof answer) fail("read", EPIPE);
  if (answer == EOPNOTSUPP && attribute.name != own_opaque()) return;
  if (answer != 0) fail("fsetxattr", answer);
}

}  // namespace orlop::archive
