// Reads a plan in place. `check` checks every byte that a record can lead to, once. After it, the views below only
// load. Freestanding and without allocation, for the caller, the executor and the fuzzer.
#pragma once

#include "plan/format.h"

namespace orlop::plan {

// Reason of a refusal.
enum class Fault : uint32_t {
  kNone = 0,
  kSize = 1,      // shorter than its header says, longer than the limit, or not aligned
  kHeader = 2,    // magic, version, counts
  kCode = 3,      // unknown operation
  kSlot = 4,      // outside the descriptor table
  kString = 5,    // outside the plan or without an end
  kArray = 6,     // outside the plan or not aligned
  kTooLarge = 7,  // the arrays together exceed the limit
  kOpener = 8,    // an operation that a thread of the caller must not do
};

struct Verdict {
  Fault fault;
  uint32_t op;  // index of the record at fault
};

struct Blob {
  const uint8_t* data;
  uint32_t size;
};

struct Numbers {
  const uint32_t* data;
  uint32_t count;
};

struct Strings {
  const uint8_t* plan;
  const uint32_t* offsets;
  uint32_t count;
  const char* operator[](uint32_t index) const { return reinterpret_cast<const char*>(plan + offsets[index]); }
};

// A plan that `check` has accepted.
class View {
 public:
  explicit View(const uint8_t* data) : data_(data) {}
  const Header& header() const { return *reinterpret_cast<const Header*>(data_); }
  uint32_t count() const { return header().prepare + header().enter; }
  bool opener() const { return header().strategy == static_cast<uint16_t>(Strategy::kOpener); }
  const Record& record(uint32_t index) const { return reinterpret_cast<const Record*>(data_ + sizeof(Header))[index]; }
  Code code(uint32_t index) const { return static_cast<Code>(record(index).code); }
  const uint8_t* data() const { return data_; }

 private:
  const uint8_t* data_;
};

// `data` must be aligned to 4 bytes.
Verdict check(const uint8_t* data, size_t size);

// Number of scripts in a row that execve takes, and of arguments that they add.
inline constexpr uint32_t kMaxScripts = 5;
inline constexpr uint32_t kMaxScriptWords = 2 * kMaxScripts;

// Maximum that an `exec` of a plan needs (Start::pointers).
uint32_t count_pointers(const View& view);

// One struct for each operation, its fields in the order of ops.def.
namespace op {
#define OUT(name) uint32_t name;
#define SLOT(name) uint32_t name;
#define U32(name) uint32_t name;
#define U64(name) uint64_t name;
#define STRING(name) const char* name; /* nullptr for none */
#define BLOB(name) Blob name;
#define STRINGS(name) Strings name;
#define NUMBERS(name) Numbers name;
#define OP(code, identifier, name, fields) \
  struct identifier {                      \
    fields                                 \
  };
#include "plan/ops.def"
#undef OP
#include "plan/undef.h"
}  // namespace op

// Takes the words of a record one after the other.
class Cursor {
 public:
  Cursor(const View& view, uint32_t index) : data_(view.data()), words_(view.record(index).words) {}
  uint32_t word() { return words_[next_++]; }
  uint64_t wide() {
    const uint64_t low = word();
    return low | static_cast<uint64_t>(word()) << 32;
  }
  const char* text() {
    const uint32_t offset = word();
    return offset == 0 ? nullptr : reinterpret_cast<const char*>(data_ + offset);
  }
  Blob bytes() {
    const uint32_t offset = word();
    return {data_ + offset, word()};
  }
  Strings texts() {
    const uint32_t offset = word();
    return {data_, reinterpret_cast<const uint32_t*>(data_ + offset), word()};
  }
  Numbers words() {
    const uint32_t offset = word();
    return {reinterpret_cast<const uint32_t*>(data_ + offset), word()};
  }

 private:
  const uint8_t* data_;
  const uint32_t* words_;
  uint32_t next_ = 0;
};

// The fields of a record, which must be of that operation: `read<op::Exec>(view, index)`.
template <typename Op>
Op read(const View& view, uint32_t index);

#define OUT(name) fields_.name = cursor.word();
#define SLOT(name) fields_.name = cursor.word();
#define U32(name) fields_.name = cursor.word();
#define U64(name) fields_.name = cursor.wide();
#define STRING(name) fields_.name = cursor.text();
#define BLOB(name) fields_.name = cursor.bytes();
#define STRINGS(name) fields_.name = cursor.texts();
#define NUMBERS(name) fields_.name = cursor.words();
#define OP(code, identifier, name, fields)                                       \
  template <>                                                                    \
  inline op::identifier read<op::identifier>(const View& view, uint32_t index) { \
    [[maybe_unused]] Cursor cursor(view, index);                                 \
    op::identifier fields_;                                                      \
    fields return fields_;                                                       \
  }
#include "plan/ops.def"
#undef OP
#include "plan/undef.h"

// True if the record moves the thread into the mount namespace of a container.
bool joins_container(const View& view, uint32_t index);

// Number of pointers that one `exec` needs: argv, the arguments that scripts add, env, and two ends. Also for
// `exec-file`, whose environment is empty.
uint32_t pointers_for(const op::Exec& exec);
uint32_t pointers_for(const op::ExecFile& exec);

}  // namespace orlop::plan
