#include "init/resolve.h"

#include "init/text.h"

namespace orlop::init {
namespace {

inline constexpr int kMaxLinks = 40;      // as the kernel's own look-up
inline constexpr int kMaxAttempts = 128;  // EAGAIN under renames; more were never needed by others

int OpenByKernel(Context& context, int root, const char* path, int flags, uint64_t refused) {
  const OpenHow how = {static_cast<uint64_t>(static_cast<uint32_t>(flags | O_CLOEXEC)), 0, kResolveInRoot | refused};
  long fd = -EAGAIN;
  for (int i = 0; i < kMaxAttempts && fd == -EAGAIN; i++) {
    fd = context.Call(__NR_openat2, root, path, &how, sizeof how);
  }
  return static_cast<int>(fd);
}

// The look-up by our own steps, for kernels without openat2 and wherever something has to be made. `resolved_` holds
// only names that were found not to be links, so going up is done by walking it again from the root: `..` of the
// kernel could lead out of a directory that is being moved.
class Walk {
 public:
  Walk(Context& context, int root, Missing missing, Links links)
      : context_(context), root_(root), missing_(missing), follow_(links) {}

  int Run(const char* path, int flags) {
    rest_.Add(path);
    if (rest_.full()) return context_.Refuse(ENAMETOOLONG);
    int error = Reopen();
    struct statx top;
    if (error == 0) error = Stat(context_, current_, &top);
    if (error == 0) mount_ = top.stx_mnt_id;
    while (error == 0 && Next()) error = Step();
    if (error == 0 && flags != kPath) error = OpenLast(flags);
    if (error == 0) return current_;
    Close(current_);
    return error;
  }

  // Whether the way led over another mount than the root's.
  bool crossed() const { return crossed_; }

 private:
  // Takes the next name off the rest of the path; false at its end.
  bool Next() {
    const char* text = rest_.get() + at_;
    while (*text == '/') text++;
    name_.Truncate(0);
    const char* end = text;
    while (*end != 0 && *end != '/') end++;
    name_.Add(text, static_cast<size_t>(end - text));
    while (*end == '/') end++;
    at_ = static_cast<size_t>(end - rest_.get());
    last_ = *end == 0;
    return name_.length() > 0;
  }

  int Step() {
    if (Same(name_.get(), ".")) return 0;
    if (Same(name_.get(), "..")) return Up();
    int fd = OpenName();
    if (fd == -ENOENT && missing_ != Missing::kFail) fd = Make();
    if (fd < 0) return fd;
    struct statx facts;
    const int error = Stat(context_, fd, &facts);
    if (error == 0 && facts.stx_mnt_id != mount_) crossed_ = true;
    if (error != 0 || (facts.stx_mode & S_IFMT) == S_IFLNK) {
      const int result = error != 0 ? error : Follow(fd);
      Close(fd);
      return result;
    }
    resolved_.Add('/').Add(name_.get(), name_.length());
    Replace(fd);
    return resolved_.full() ? context_.Refuse(ENAMETOOLONG) : 0;
  }

  int OpenName() { return static_cast<int>(context_.Call(__NR_openat, current_, name_.get(), kPath | O_NOFOLLOW, 0)); }

  int Make() {
    long error;
    if (last_ && missing_ == Missing::kMakeFile) {
      error = context_.Call(__NR_mknodat, current_, name_.get(), S_IFREG | 0644, 0);
    } else {
      error = context_.Call(__NR_mkdirat, current_, name_.get(), 0755);
    }
    // Another start with the same volume may have been faster.
    if (error < 0 && error != -EEXIST) return static_cast<int>(error);
    return OpenName();
  }

  int Follow(int link) {
    if (follow_ == Links::kRefuse || ++links_ > kMaxLinks) return context_.Refuse(ELOOP);
    // A link on procfs may lead anywhere, whatever it reads as.
    const int on_proc = OnProc(context_, link);
    if (on_proc != 0) return on_proc < 0 ? on_proc : context_.Refuse(ELOOP);
    Text<kPathMax> target;
    const long length = context_.Call(__NR_readlinkat, link, "", target.data(), kPathMax - 1);
    if (length < 0) return static_cast<int>(length);
    if (length >= static_cast<long>(kPathMax) - 1) return context_.Refuse(ENAMETOOLONG);
    target.Truncate(static_cast<size_t>(length));
    target.Add('/').Add(rest_.get() + at_);
    if (target.full()) return context_.Refuse(ENAMETOOLONG);
    rest_ = target;
    at_ = 0;
    if (*rest_.get() != '/') return 0;
    resolved_.Truncate(0);
    return Reopen();
  }

  int Up() {
    size_t length = resolved_.length();
    while (length > 0 && resolved_.get()[length - 1] != '/') length--;
    resolved_.Truncate(length > 0 ? length - 1 : 0);
    return Reopen();
  }

  // Opens what was found for use: the name in its directory, so that no path through /proc is needed.
  int OpenLast(int flags) {
    size_t start = resolved_.length();
    while (start > 0 && resolved_.get()[start - 1] != '/') start--;
    Text<kPathMax>& name = rest_;
    name.Truncate(0);
    name.Add(start == resolved_.length() ? "." : resolved_.get() + start);
    resolved_.Truncate(start > 0 ? start - 1 : 0);
    const int error = Reopen();
    if (error != 0) return error;
    Replace(static_cast<int>(context_.Call(__NR_openat, current_, name.get(), flags | O_NOFOLLOW | O_CLOEXEC, 0)));
    return current_ < 0 ? current_ : 0;
  }

  // Opens `resolved_` again, name by name from the root.
  int Reopen() {
    Replace(static_cast<int>(context_.Call(__NR_openat, root_, ".", kPath | O_DIRECTORY, 0)));
    const char* text = resolved_.get();
    while (current_ >= 0 && *text != 0) {
      name_.Truncate(0);
      while (*text == '/') text++;
      while (*text != 0 && *text != '/') name_.Add(*text++);
      Replace(static_cast<int>(context_.Call(__NR_openat, current_, name_.get(), kPath | O_NOFOLLOW | O_DIRECTORY, 0)));
    }
    return current_ < 0 ? current_ : 0;
  }

  void Replace(int fd) {
    Close(current_);
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

// Its own frame, so that the buffers are on the stack only while it runs.
[[gnu::noinline]] int WalkTo(Context& context, int root, const char* path, Missing missing, Links links) {
  return Walk(context, root, missing, links).Run(path, kPath);
}

[[gnu::noinline]] int WalkAndOpen(Context& context, int root, const char* path, int flags, bool* shared) {
  Walk walk(context, root, Missing::kFail, Links::kFollow);
  const int fd = walk.Run(path, flags);
  *shared = walk.crossed();
  return fd;
}

// What the kernel cannot answer: `..` while others rename and mount all the time.
bool Undecided(int result) { return result == -EAGAIN; }

}  // namespace

int Resolve(Context& context, int root, const char* path, Missing missing, Links links) {
  if (path == nullptr) return context.Refuse(ENOENT);
  if (context.Has(kFeatureOpenat2)) {
    const uint64_t refused = links == Links::kRefuse ? kResolveNoSymlinks : kResolveNoMagiclinks;
    const int fd = OpenByKernel(context, root, path, kPath, refused);
    if (!Undecided(fd) && (fd != -ENOENT || missing == Missing::kFail)) return fd;
  }
  return WalkTo(context, root, path, missing, links);
}

int OpenInRoot(Context& context, int root, const char* path, int flags, bool* shared) {
  if (path == nullptr) return context.Refuse(ENOENT);
  if (context.Has(kFeatureOpenat2)) {
    int fd = OpenByKernel(context, root, path, flags, kResolveNoMagiclinks | kResolveNoXdev);
    *shared = fd == -EXDEV;
    if (*shared) fd = OpenByKernel(context, root, path, flags, kResolveNoMagiclinks);
    if (!Undecided(fd)) return fd;
  }
  return WalkAndOpen(context, root, path, flags, shared);
}

int Stat(Context& context, int fd, struct statx* result) {
  return static_cast<int>(context.Call(__NR_statx, fd, "", kAtEmptyPath, STATX_BASIC_STATS | STATX_MNT_ID, result));
}

bool IsDirectory(const struct statx& facts) { return (facts.stx_mode & S_IFMT) == S_IFDIR; }

int OnProc(Context& context, int fd) {
  struct statfs facts;
  const long error = context.Call(__NR_fstatfs, fd, &facts);
  if (error < 0) return static_cast<int>(error);
  return facts.f_type == kProcMagic ? 1 : 0;
}

}  // namespace orlop::init
