#include "plan/reader.h"

namespace orlop::plan {
namespace {

// The bounds of a plan, and the size of the arrays that were checked.
class Checker {
 public:
  Checker(const uint8_t* data, const Header& header, size_t strings_end, const uint32_t* words)
      : data_(data), header_(header), strings_end_(strings_end), words_(words) {}

  Fault fault() const { return fault_; }
  void start(const uint32_t* words) {
    words_ = words;
    next_ = 0;
  }
  void any(uint32_t count) { next_ += count; }

  void slot() {
    const uint32_t slot = words_[next_++];
    if (slot != kNoSlot && slot >= header_.slots) fail(Fault::kSlot);
  }

  void text() { check_text(words_[next_++], true); }

  void bytes() {
    const uint32_t offset = words_[next_++];
    inside(offset, words_[next_++], 1);
  }

  void words() {
    const uint32_t offset = words_[next_++];
    inside(offset, words_[next_++], sizeof(uint32_t));
  }

  void texts() {
    const uint32_t offset = words_[next_];
    const uint32_t count = words_[next_ + 1];
    words();
    if (fault_ != Fault::kNone) return;
    const auto* offsets = reinterpret_cast<const uint32_t*>(data_ + offset);
    for (uint32_t i = 0; i < count && fault_ == Fault::kNone; i++) check_text(offsets[i], false);
  }

 private:
  void fail(Fault fault) {
    if (fault_ == Fault::kNone) fault_ = fault;
  }

  // The last NUL of the plan ends every string that starts at or before it: no string is walked here.
  void check_text(uint32_t offset, bool optional) {
    if (offset == 0 && optional) return;
    if (offset < data_start() || offset >= strings_end_) fail(Fault::kString);
  }

  void inside(uint32_t offset, uint32_t count, uint32_t unit) {
    if (count == 0) return;
    if (offset % unit != 0 || offset < data_start() || offset > header_.size) return fail(Fault::kArray);
    if (count > (header_.size - offset) / unit) return fail(Fault::kArray);
    // Otherwise arrays that overlap could make a small plan take billions of steps.
    if (unit > 1 && count > elements_left_) return fail(Fault::kTooLarge);
    if (unit > 1) elements_left_ -= count;
  }

  uint32_t data_start() const {
    return static_cast<uint32_t>(sizeof(Header) + sizeof(Record) * (header_.prepare + header_.enter));
  }

  const uint8_t* data_;
  const Header& header_;
  size_t strings_end_;
  const uint32_t* words_;
  uint32_t next_ = 0;
  uint32_t elements_left_ = kMaxSize / sizeof(uint32_t);
  Fault fault_ = Fault::kNone;
};

Fault check_header(const uint8_t* data, size_t size) {
  if (size < sizeof(Header) || size > kMaxSize || reinterpret_cast<uintptr_t>(data) % alignof(Record) != 0) {
    return Fault::kSize;
  }
  const auto& header = *reinterpret_cast<const Header*>(data);
  if (header.magic != kMagic || header.version != kVersion) return Fault::kHeader;
  if (header.strategy > static_cast<uint16_t>(Strategy::kOpener)) return Fault::kHeader;
  if (header.size != size) return Fault::kSize;
  if (header.prepare > kMaxOps || header.enter > kMaxOps || header.prepare + header.enter > kMaxOps) {
    return Fault::kHeader;
  }
  if (header.slots > kMaxSlots || header.supplied > header.slots) return Fault::kHeader;
  if (size - sizeof(Header) < sizeof(Record) * (header.prepare + header.enter)) return Fault::kSize;
  return Fault::kNone;
}

Fault check_record(Checker& check, const Record& record) {
  check.start(record.words);
  switch (static_cast<Code>(record.code)) {
#define OUT(name) check.slot();
#define SLOT(name) check.slot();
#define U32(name) check.any(1);
#define U64(name) check.any(2);
#define STRING(name) check.text();
#define BLOB(name) check.bytes();
#define STRINGS(name) check.texts();
#define NUMBERS(name) check.words();
#define OP(code, identifier, name, fields) \
  case Code::identifier:                   \
    fields break;
#include "plan/ops.def"
#undef OP
#include "plan/undef.h"
    default:
      return Fault::kCode;
  }
  return check.fault();
}

// Operations for a thread of the caller. They make detached mounts, and change neither the program nor the host. After
// a `join` of the mount namespace of a container, they may attach mounts there.
bool opens_only(const View& view, uint32_t index, bool inside) {
  switch (view.code(index)) {
    case Code::Join:
      return !inside && joins_container(view, index);
    case Code::Attach:
    case Code::Chdir:
    case Code::Readonly:
      return inside;
    case Code::Overlay:
    case Code::Bind:
    case Code::Devpts:
    case Code::Device:
    case Code::Directory:
    case Code::Symlink:
    case Code::Attributes:
    case Code::Idmap:
      return true;
    case Code::Tmpfs:
      return read<op::Tmpfs>(view, index).at == nullptr;
    default:
      return false;
  }
}

// A record has kWords words; an operation that needs more must not compile.
#define OUT(name) +1
#define SLOT(name) +1
#define U32(name) +1
#define U64(name) +2
#define STRING(name) +1
#define BLOB(name) +2
#define STRINGS(name) +2
#define NUMBERS(name) +2
#define OP(code, identifier, name, fields) static_assert(0 fields <= kWords, name);
#include "plan/ops.def"
#undef OP
#include "plan/undef.h"

}  // namespace

Verdict check(const uint8_t* data, size_t size) {
  const Fault fault = check_header(data, size);
  if (fault != Fault::kNone) return {fault, 0};
  size_t strings_end = size;
  while (strings_end > 0 && data[strings_end - 1] != 0) strings_end--;
  const View view(data);
  Checker check(data, view.header(), strings_end, nullptr);
  bool inside = false;
  for (uint32_t i = 0; i < view.count(); i++) {
    const Fault found = check_record(check, view.record(i));
    if (found != Fault::kNone) return {found, i};
    if (!view.opener() || i >= view.header().prepare) continue;
    if (!opens_only(view, i, inside)) return {Fault::kOpener, i};
    inside = inside || joins_container(view, i);
  }
  return {Fault::kNone, 0};
}

bool joins_container(const View& view, uint32_t index) {
  return view.code(index) == Code::Join && read<op::Join>(view, index).kind == kMountNamespace;
}

uint32_t pointers_for(const op::Exec& exec) { return kMaxScriptWords + exec.argv.count + exec.env.count + 2; }

uint32_t pointers_for(const op::ExecFile& exec) { return exec.argv.count + 2; }

uint32_t count_pointers(const View& view) {
  uint32_t most = 0;
  for (uint32_t i = 0; i < view.count(); i++) {
    uint32_t needed = 0;
    if (view.code(i) == Code::Exec) needed = pointers_for(read<op::Exec>(view, i));
    if (view.code(i) == Code::ExecFile) needed = pointers_for(read<op::ExecFile>(view, i));
    if (needed > most) most = needed;
  }
  return most;
}

}  // namespace orlop::plan
