#include "init/resolve.h"

#include "init/text.h"

namespace orlop::init {
namespace {

inline constexpr int kMaxLinks = 40;      // as in the kernel's lookup
inline constexpr int kMaxAttempts = 128;  // EAGAIN under renames; more were never needed by others

int open_by_kernel(Context& context, int root, const char* path, int flags, uint64_t refused) {
  const OpenHow how = {static_cast<uint64_t>(static_cast<uint32_t>(flags | O_CLOEXEC)), 0, kResolveInRoot | refused};
  long fd = -EAGAIN;
  for (int i = 0; i < kMaxAttempts && fd == -EAGAIN; i++) {
    fd = context.call(__NR_openat2, root, path, &how, sizeof how);
  }
  return static_cast<int>(fd);
}

// Lookup by steps, for kernels without openat2, and if a file has to be made. `resolved_` has only names that are no
// links, so going up walks it again from the root: the kernel's `..` could lead out of a directory that is being moved.
class Walk {
 public:
  Walk(Context& context, int root, Missing missing, Links links)
      : context_(context), root_(root), missing_(missing), follow_(links) {}

  int run(const char* path, int flags) {
    rest_.add(path);
    if (rest_.full()) return context_.refuse(ENAMETOOLONG);
    int error = reopen();
    struct statx top;
    if (error == 0) error = stat_fd(context_, current_, &top);
    if (error == 0) mount_ = top.stx_mnt_id;
    while (error == 0 && next()) error = step();
    if (error == 0 && flags != kPath) error = open_last(flags);
    if (error == 0) return current_;
    close_fd(current_);
    return error;
  }

  // True if the path led over another mount than the root's.
  bool crossed() const { return crossed_; }

 private:
  // Takes the next name from the rest of the path; false at its end.
  bool next() {
    const char* text = rest_.get() + at_;
    while (*text == '/') text++;
    name_.truncate(0);
    const char* end = text;
    while (*end != 0 && *end != '/') end++;
    name_.add(text, static_cast<size_t>(end - text));
    while (*end == '/') end++;
    at_ = static_cast<size_t>(end - rest_.get());
    last_ = *end == 0;
    return name_.length() > 0;
  }

  int step() {
    if (same_text(name_.get(), ".")) return 0;
    if (same_text(name_.get(), "..")) return up();
    int fd = open_name();
    if (fd == -ENOENT && missing_ != Missing::kFail) fd = make();
    if (fd < 0) return fd;
    struct statx facts;
    const int error = stat_fd(context_, fd, &facts);
    if (error == 0 && facts.stx_mnt_id != mount_) crossed_ = true;
    if (error != 0 || (facts.stx_mode & S_IFMT) == S_IFLNK) {
      const int result = error != 0 ? error : follow(fd);
      close_fd(fd);
      return result;
    }
    resolved_.add('/').add(name_.get(), name_.length());
    replace(fd);
    return resolved_.full() ? context_.refuse(ENAMETOOLONG) : 0;
  }

  int open_name() { return static_cast<int>(context_.call(__NR_openat, current_, name_.get(), kPath | O_NOFOLLOW, 0)); }

  int make() {
    long error;
    if (last_ && missing_ == Missing::kMakeFile) {
      error = context_.call(__NR_mknodat, current_, name_.get(), S_IFREG | 0644, 0);
    } else {
      error = context_.call(__NR_mkdirat, current_, name_.get(), 0755);
    }
    // A concurrent start with the same volume may have made it.
    if (error < 0 && error != -EEXIST) return static_cast<int>(error);
    return open_name();
  }

  int follow(int link) {
    if (follow_ == Links::kRefuse || ++links_ > kMaxLinks) return context_.refuse(ELOOP);
    // A link on procfs may lead anywhere, whatever readlink returns.
    const int on_proc = lies_on_proc(context_, link);
    if (on_proc != 0) return on_proc < 0 ? on_proc : context_.refuse(ELOOP);
    Text<kPathMax> target;
    const long length = context_.call(__NR_readlinkat, link, "", target.data(), kPathMax - 1);
    if (length < 0) return static_cast<int>(length);
    if (length >= static_cast<long>(kPathMax) - 1) return context_.refuse(ENAMETOOLONG);
    target.truncate(static_cast<size_t>(length));
    target.add('/').add(rest_.get() + at_);
    if (target.full()) return context_.refuse(ENAMETOOLONG);
    rest_ = target;
    at_ = 0;
    if (*rest_.get() != '/') return 0;
    resolved_.truncate(0);
    return reopen();
  }

  int up() {
    size_t length = resolved_.length();
    while (length > 0 && resolved_.get()[length - 1] != '/') length--;
    resolved_.truncate(length > 0 ? length - 1 : 0);
    return reopen();
  }

  // Opens the result: by its name in its directory, so that no path through /proc is needed.
  int open_last(int flags) {
    size_t start = resolved_.length();
    while (start > 0 && resolved_.get()[start - 1] != '/') start--;
    Text<kPathMax>& name = rest_;
    name.truncate(0);
    name.add(start == resolved_.length() ? "." : resolved_.get() + start);
    resolved_.truncate(start > 0 ? start - 1 : 0);
    const int error = reopen();
    if (error != 0) return error;
    replace(static_cast<int>(context_.call(__NR_openat, current_, name.get(), flags | O_NOFOLLOW | O_CLOEXEC, 0)));
    return current_ < 0 ? current_ : 0;
  }

  // Opens `resolved_` again, name by name from the root.
  int reopen() {
    replace(static_cast<int>(context_.call(__NR_openat, root_, ".", kPath | O_DIRECTORY, 0)));
    const char* text = resolved_.get();
    while (current_ >= 0 && *text != 0) {
      name_.truncate(0);
      while (*text == '/') text++;
      while (*text != 0 && *text != '/') name_.add(*text++);
      replace(static_cast<int>(context_.call(__NR_openat, current_, name_.get(), kPath | O_NOFOLLOW | O_DIRECTORY, 0)));
    }
    return current_ < 0 ? current_ : 0;
  }

  void replace(int fd) {
    close_fd(current_);
    current_ = fd;
  }

  Context& context_;
  int root_;
  Missing missing_;
  Links follow_;
  int current_ = -1;
  int links_ = 0;
  bool last_ = false;
  bool crossed_ = false;
  uint64_t mount_ = 0;
  size_t at_ = 0;
  Text<kPathMax> rest_;
  Text<kPathMax> resolved_;
  Text<kPathMax> name_;
};

// A separate frame, so that the buffers use the stack only while it runs.
[[gnu::noinline]] int walk_to(Context& context, int root, const char* path, Missing missing, Links links) {
  return Walk(context, root, missing, links).run(path, kPath);
}

[[gnu::noinline]] int walk_and_open(Context& context, int root, const char* path, int flags, bool* shared) {
  Walk walk(context, root, Missing::kFail, Links::kFollow);
  const int fd = walk.run(path, flags);
  *shared = walk.crossed();
  return fd;
}

// The kernel cannot answer: `..` during constant renames and mounts.
bool undecided(int result) { return result == -EAGAIN; }

}  // namespace

int resolve(Context& context, int root, const char* path, Missing missing, Links links) {
  if (path == nullptr) return context.refuse(ENOENT);
  if (context.has(kFeatureOpenat2)) {
    const uint64_t refused = links == Links::kRefuse ? kResolveNoSymlinks : kResolveNoMagiclinks;
    const int fd = open_by_kernel(context, root, path, kPath, refused);
    if (!undecided(fd) && (fd != -ENOENT || missing == Missing::kFail)) return fd;
  }
  return walk_to(context, root, path, missing, links);
}

int open_in_root(Context& context, int root, const char* path, int flags, bool* shared) {
  if (path == nullptr) return context.refuse(ENOENT);
  if (context.has(kFeatureOpenat2)) {
    int fd = open_by_kernel(context, root, path, flags, kResolveNoMagiclinks | kResolveNoXdev);
    *shared = fd == -EXDEV;
    if (*shared) fd = open_by_kernel(context, root, path, flags, kResolveNoMagiclinks);
    if (!undecided(fd)) return fd;
  }
  return walk_and_open(context, root, path, flags, shared);
}

int stat_fd(Context& context, int fd, struct statx* result) {
  return static_cast<int>(context.call(__NR_statx, fd, "", kAtEmptyPath, STATX_BASIC_STATS | STATX_MNT_ID, result));
}

bool is_directory(const struct statx& facts) { return (facts.stx_mode & S_IFMT) == S_IFDIR; }

int lies_on_proc(Context& context, int fd) {
  struct statfs facts;
  const long error = context.call(__NR_fstatfs, fd, &facts);
  if (error < 0) return static_cast<int>(error);
  return facts.f_type == kProcMagic ? 1 : 0;
}

}  // namespace orlop::init
