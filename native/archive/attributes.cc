#include "archive/attributes.h"

#include <errno.h>
#include <sys/xattr.h>

#include <algorithm>

#include "archive/broker.h"
#include "archive/label.h"
#include "archive/report.h"

namespace orlop::archive {

namespace {

bool entered = false;
bool alone = false;

// Most lists and values are shorter, and need one call.
constexpr size_t kGuess = 256;

// Calls again after ERANGE: a writer changed the size meanwhile. Negative: the error of the call.
template <typename Call>
ssize_t sized(std::string& buffer, Call call) {
  for (buffer.resize(kGuess);;) {
    ssize_t size = call(buffer.data(), buffer.size());
    if (size >= 0) {
      buffer.resize(static_cast<size_t>(size));
      return size;
    }
    if (errno != ERANGE) {
      buffer.clear();
      return size;
    }
    // Not empty: a call with an empty buffer returns the size.
    buffer.resize(static_cast<size_t>(std::max<ssize_t>(call(nullptr, 0), kGuess)));
  }
}

void write_attribute(int fd, const Attribute& attribute) {
  if (fsetxattr(fd, attribute.name.c_str(), attribute.value.data(), attribute.value.size(), 0) == 0) return;
  // The file system has no such attributes. Docker unpacks the file without them too.
  if (errno == EOPNOTSUPP && attribute.name != "security.capability") return;
  if (errno == EINVAL || errno == ERANGE || errno == E2BIG) refuse("attribute", attribute.name);
  fail("fsetxattr", errno);
}

}  // namespace

void note_user_namespace(bool one_id) {
  entered = true;
  alone = one_id;
}

bool has_one_id() { return alone; }

bool in_user_namespace() { return entered; }

bool is_overlay_attribute(std::string_view name) {
  return name.starts_with("trusted.overlay.") || name.starts_with("user.overlay.");
}

Keep keep_attribute(std::string_view name) {
  if (is_overlay_attribute(name)) return Keep::kRefused;
  if (name.starts_with("trusted.")) return entered ? Keep::kNo : Keep::kTrusted;
  // One of an archive would be taken for one of ours.
  if (name == kLabel && entered) return Keep::kNo;
  bool kept = name.starts_with("user.") || name == "security.capability" || name == "system.posix_acl_access" ||
              name == "system.posix_acl_default";
  return kept ? Keep::kYes : Keep::kNo;
}

std::vector<Attribute> read_attributes(int fd) {
  std::string names;
  ssize_t size = sized(names, [&](char* data, size_t room) { return flistxattr(fd, data, room); });
  if (size < 0 && errno != EOPNOTSUPP) fail("flistxattr", errno);
  std::vector<Attribute> attributes;
  for (size_t at = 0; at < names.size(); at += attributes.back().name.size() + 1) {
    Attribute& attribute = attributes.emplace_back();
    attribute.name = names.c_str() + at;
    const char* name = attribute.name.c_str();
    ssize_t length = sized(attribute.value, [&](char* data, size_t room) { return fgetxattr(fd, name, data, room); });
    if (length < 0 && errno == ENODATA) refuse("changed");
    if (length < 0) fail("fgetxattr", errno);
  }
  std::sort(attributes.begin(), attributes.end(),
            [](const Attribute& a, const Attribute& b) { return a.name < b.name; });
  return attributes;
}

void write_attributes(int fd, const std::vector<Attribute>& attributes, const Broker* broker) {
  for (const Attribute& attribute : attributes) {
    switch (keep_attribute(attribute.name)) {
      case Keep::kRefused:
        refuse("overlay-attribute", attribute.name);
      case Keep::kTrusted:
        if (broker != nullptr) broker->set(fd, attribute);
        break;
      case Keep::kYes:
        write_attribute(fd, attribute);
        break;
      case Keep::kNo:
        break;
    }
  }
}

}  // namespace orlop::archive
