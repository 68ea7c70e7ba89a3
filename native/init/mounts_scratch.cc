// Mounts by mount(2) alone: for kernels before 5.12, and if an outer system-call filter forbids the newer calls.
#include "init/mounts.h"
#include "init/resolve.h"
#include "init/text.h"

namespace orlop::init {
namespace {

// Attributes that mount(2) has a flag for. It ignores what it does not know, so the others are refused here.
constexpr uint32_t kFlagged =
    kAttrReadonly | kAttrNosuid | kAttrNodev | kAttrNoexec | kAttrAtimeMask | kAttrNodiratime | kAttrNosymfollow;
bool has_flags(uint32_t attributes) { return (attributes & ~kFlagged) == 0; }

unsigned long mount_flags(uint32_t attributes) {
  unsigned long flags = 0;
  if (attributes & kAttrReadonly) flags |= kMsReadonly;
  if (attributes & kAttrNosuid) flags |= kMsNosuid;
  if (attributes & kAttrNodev) flags |= kMsNodev;
  if (attributes & kAttrNoexec) flags |= kMsNoexec;
  if (attributes & kAttrNodiratime) flags |= kMsNodiratime;
  if (attributes & kAttrNosymfollow) flags |= kMsNosymfollow;
  if ((attributes & kAttrAtimeMask) == kAttrNoatime) flags |= kMsNoatime;
  if ((attributes & kAttrAtimeMask) == kAttrStrictatime) flags |= kMsStrictatime;
  return flags;
}

// Attributes of a mount: a remount names all of them, and may not drop the locked ones.
long current_attributes(Context& context, int mount, uint32_t* attributes) {
  struct statfs facts;
  const long error = context.call(__NR_fstatfs, mount, &facts);
  if (error < 0) return error;
  const long flags = facts.f_flags;
  *attributes = 0;
  if (flags & kStReadonly) *attributes |= kAttrReadonly;
  if (flags & kStNosuid) *attributes |= kAttrNosuid;
  if (flags & kStNodev) *attributes |= kAttrNodev;
  if (flags & kStNoexec) *attributes |= kAttrNoexec;
  if (flags & kStNodiratime) *attributes |= kAttrNodiratime;
  if (flags & kStNosymfollow) *attributes |= kAttrNosymfollow;
  if (flags & kStNoatime) {
    *attributes |= kAttrNoatime;
  } else if ((flags & kStRelatime) == 0) {
    *attributes |= kAttrStrictatime;
  }
  return 0;
}

// Reads lines of text from a descriptor.
class Lines {
 public:
  explicit Lines(int fd) : fd_(fd) {}

  // The next line, cut to the buffer; nullptr at the end.
  const char* next() {
    line_.truncate(0);
    for (;;) {
      if (at_ == size_) {
        size_ = system_call(__NR_read, fd_, buffer_, sizeof buffer_);
        at_ = 0;
        if (size_ <= 0) return nullptr;
      }
      const char letter = buffer_[at_++];
      if (letter == '\n') return line_.get();
      line_.add(letter);
    }
  }

 private:
  int fd_;
  long at_ = 0;
  long size_ = 0;
  char buffer_[1024];
  Text<128> line_;
};

const char* read_number(const char* text, uint64_t* number) {
  while (*text == ' ' || *text == '\t') text++;
  *number = 0;
  while (*text >= '0' && *text <= '9') *number = *number * 10 + static_cast<uint64_t>(*text++ - '0');
  return text;
}

long mount_id(Context& context, int fd, uint64_t* id) {
  Text<48> path;
  path.add("/proc/self/fdinfo/").add_number(static_cast<uint64_t>(fd));
  const long info = context.call(__NR_openat, kAtCwd, path.get(), O_RDONLY | O_CLOEXEC, 0);
  if (info < 0) return info;
  Lines lines(static_cast<int>(info));
  long result = -ENOENT;
  while (const char* line = lines.next()) {
    if (!starts_with(line, "mnt_id:")) continue;
    read_number(line + length_of("mnt_id:"), id);
    result = 0;
    break;
  }
  close_fd(static_cast<int>(info));
  return result;
}

// True if another mount has the mount of `fd` as its parent.
long has_mounts_below(Context& context, int fd) {
  uint64_t wanted = 0;
  const long error = mount_id(context, fd, &wanted);
  if (error < 0) return error;
  const long table = context.call(__NR_openat, kAtCwd, "/proc/self/mountinfo", O_RDONLY | O_CLOEXEC, 0);
  if (table < 0) return table;
  Lines lines(static_cast<int>(table));
  long found = 0;
  while (const char* line = lines.next()) {
    uint64_t id = 0;
    uint64_t parent = 0;
    read_number(read_number(line, &id), &parent);
    if (parent == wanted) found = 1;
  }
  close_fd(static_cast<int>(table));
  return found;
}

using PlaceName = Text<24>;

// Makes the next mount point in the scratch tmpfs and gives an O_PATH descriptor for it.
int make_place(Context& context, bool directory, PlaceName* name) {
  if (context.scratch < 0) return context.refuse(ENOSYS);
  name->add("mount-").add_number(context.places++);
  long error;
  if (directory) {
    error = context.call(__NR_mkdirat, context.scratch, name->get(), 0700);
  } else {
    error = context.call(__NR_mknodat, context.scratch, name->get(), S_IFREG | 0600, 0);
  }
  if (error < 0) return static_cast<int>(error);
  return static_cast<int>(context.call(__NR_openat, context.scratch, name->get(), kPath | O_NOFOLLOW, 0));
}

// A new file system is mounted writable, and only its mount made read-only: MS_RDONLY would change the file system,
// which other mounts may share (sysfs), and is refused then.
long mount_on(Context& context, int place, const char* type, const char* data, uint32_t attributes) {
  const unsigned long flags = mount_flags(attributes & ~kAttrReadonly);
  return context.call(__NR_mount, type, FdPath(place).get(), type, flags, data);
}

int after_mount(Context& context, int mount, uint32_t attributes) {
  if (mount < 0 || (attributes & kAttrReadonly) == 0) return mount;
  const int error = remount(context, mount, kAttrReadonly, 0, false, 0);
  if (error == 0) return mount;
  close_fd(mount);
  return error;
}

int bind_at_scratch(Context& context, int fd, bool recursive) {
  struct statx facts;
  const int failed = stat_fd(context, fd, &facts);
  if (failed != 0) return failed;
  PlaceName name;
  const int place = make_place(context, is_directory(facts), &name);
  if (place < 0) return place;
  const unsigned long flags = kMsBind | (recursive ? kMsRecursive : 0);
  const long error = context.call(__NR_mount, FdPath(fd).get(), FdPath(place).get(), nullptr, flags, nullptr);
  close_fd(place);
  if (error < 0) return static_cast<int>(error);
  return static_cast<int>(context.call(__NR_openat, context.scratch, name.get(), kPath | O_NOFOLLOW, 0));
}

}  // namespace

int mount_at_scratch(Context& context, const char* type, const char* data, uint32_t attributes) {
  if (!has_flags(attributes)) return context.refuse(ENOSYS);
  PlaceName name;
  const int place = make_place(context, true, &name);
  if (place < 0) return place;
  const long error = mount_on(context, place, type, data, attributes);
  close_fd(place);
  if (error < 0) return static_cast<int>(error);
  // The name leads to the new mount now, and only this process sees the tmpfs.
  const long mount = context.call(__NR_openat, context.scratch, name.get(), kPath | O_NOFOLLOW, 0);
  return after_mount(context, static_cast<int>(mount), attributes);
}

int mount_at_path(Context& context, const char* path, const char* type, const char* data, uint32_t attributes) {
  if (!has_flags(attributes)) return context.refuse(ENOSYS);
  const unsigned long flags = mount_flags(attributes & ~kAttrReadonly);
  const long error = context.call(__NR_mount, type, path, type, flags, data);
  if (error < 0) return static_cast<int>(error);
  const long mount = context.call(__NR_openat, kAtCwd, path, kPath | O_DIRECTORY, 0);
  return after_mount(context, static_cast<int>(mount), attributes);
}

int clone_at_scratch(Context& context, const Source& source, bool recursive) {
  if ((source.lookup & kAtEmptyPath) != 0) return bind_at_scratch(context, source.at, recursive);
  const int nofollow = (source.lookup & kAtSymlinkNofollow) != 0 ? O_NOFOLLOW : 0;
  const auto fd = static_cast<int>(context.call(__NR_openat, source.at, source.path, kPath | nofollow, 0));
  if (fd < 0) return fd;
  const int mount = bind_at_scratch(context, fd, recursive);
  close_fd(fd);
  return mount;
}

int remount(Context& context, int mount, uint32_t set, uint32_t clear, bool recursive, uint32_t propagation) {
  // After the pivot only the root itself is changed, and there may be no /proc for the path of a descriptor.
  const FdPath by_descriptor(mount);
  const char* path = context.pivoted ? "/" : by_descriptor.get();
  if (!has_flags(set | clear)) return context.refuse(ENOSYS);
  if (set != 0 || clear != 0) {
    // mount(2) changes one mount only: a volume would be read-only at its top, and writable below.
    const long below = recursive ? has_mounts_below(context, mount) : 0;
    if (below < 0) return static_cast<int>(below);
    if (below > 0) return context.refuse(ENOSYS);
    uint32_t attributes = 0;
    const long failed = current_attributes(context, mount, &attributes);
    if (failed < 0) return static_cast<int>(failed);
    if ((set & kAttrAtimeMask) != 0) clear |= kAttrAtimeMask;
    attributes = (attributes & ~clear) | set;
    const unsigned long flags = kMsRemount | kMsBind | mount_flags(attributes);
    const long error = context.call(__NR_mount, nullptr, path, nullptr, flags, nullptr);
    if (error < 0) return static_cast<int>(error);
  }
  if (propagation == 0) return 0;
  const unsigned long flags = propagation_flag(propagation) | (recursive ? kMsRecursive : 0);
  return static_cast<int>(context.call(__NR_mount, nullptr, path, nullptr, flags, nullptr));
}

}  // namespace orlop::init
