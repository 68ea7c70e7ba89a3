#include "fs/xattrs.h"

#include <sys/xattr.h>

#include <string_view>
#include <vector>

#include "fs/calls.h"

namespace orlop::fs {
namespace {

constexpr size_t kLimit = 65536;  // of the kernel, for a value and for the list of names (xattr(7))

bool belongs_to_the_place(std::string_view name) {
  return name.starts_with("trusted.overlay.") || name.starts_with("user.overlay.") || name == "security.selinux" ||
         name == "security.ima" || name == "security.evm";
}

std::string mark(Marks marks, const char* name) {
  return std::string(marks == Marks::kTrusted ? "trusted" : "user") + ".overlay." + name;
}

bool not_supported() { return errno == ENOTSUP || errno == ENOSYS; }

// The f*xattr calls refuse an O_PATH descriptor; procfs leads to the same object, also to a link
// itself: the kernel does not follow what is behind a magic link.
Failure get(const std::string& object, const std::string& path, const char* name, std::string* value, bool* found) {
  value->resize(256);
  while (true) {
    ssize_t size = getxattr(object.c_str(), name, value->data(), value->size());
    if (size < 0 && errno == ERANGE && value->size() < kLimit) {
      value->resize(kLimit);
      continue;
    }
    *found = size >= 0;
    value->resize(size < 0 ? 0 : static_cast<size_t>(size));
    if (size >= 0 || errno == ENODATA || not_supported()) return {};
    return failed("getxattr", path);
  }
}

}  // namespace

Failure read_xattrs(int fd, const std::string& path, Xattrs* xattrs) {
  xattrs->clear();
  std::string object = descriptor_path(fd);
  ssize_t size = listxattr(object.c_str(), nullptr, 0);
  if (size == 0 || (size < 0 && not_supported())) return {};
  if (size < 0) return failed("listxattr", path);
  std::vector<char> names(kLimit);
  size = listxattr(object.c_str(), names.data(), names.size());
  if (size < 0) return failed("listxattr", path);
  for (size_t at = 0; at < static_cast<size_t>(size);) {
    std::string name = names.data() + at;
    at += name.size() + 1;
    if (belongs_to_the_place(name)) continue;
    std::string value;
    bool found = false;
    if (Failure failure = get(object, path, name.c_str(), &value, &found); failure) return failure;
    if (found) xattrs->emplace(std::move(name), std::move(value));
  }
  return {};
}

Failure write_xattrs(int fd, const std::string& path, const Xattrs& xattrs) {
  if (xattrs.empty()) return {};
  std::string object = descriptor_path(fd);
  for (const auto& [name, value] : xattrs) {
    if (setxattr(object.c_str(), name.c_str(), value.data(), value.size(), 0) == 0 || not_supported()) continue;
    return failed("setxattr", path);
  }
  return {};
}

Failure remove_xattr(int fd, const std::string& path, const char* name) {
  if (removexattr(descriptor_path(fd).c_str(), name) == 0 || errno == ENODATA || not_supported()) return {};
  return failed("removexattr", path);
}

Failure read_opaque_mark(int fd, const std::string& path, Marks marks, std::string* value) {
  bool found = false;
  return get(descriptor_path(fd), path, mark(marks, "opaque").c_str(), value, &found);
}

Failure has_whiteout_mark(int fd, const std::string& path, Marks marks, bool* found) {
  std::string value;
  return get(descriptor_path(fd), path, mark(marks, "whiteout").c_str(), &value, found);
}

}  // namespace orlop::fs
