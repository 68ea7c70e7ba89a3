// The binary form of a plan: header, records, data. Little-endian, and read in place.
#pragma once

#include <cstddef>
#include <cstdint>

namespace orlop::plan {

inline constexpr uint32_t kMagic = 0x504c524f;  // "ORLP"
inline constexpr uint16_t kVersion = 1;
inline constexpr uint32_t kNoSlot = 0xffffffff;
inline constexpr uint32_t kWords = 11;

// Limits, which the reader checks before the first operation.
inline constexpr uint32_t kMaxSize = 4u << 20;
inline constexpr uint32_t kMaxOps = 4096;
inline constexpr uint32_t kMaxSlots = 2048;

inline constexpr uint32_t kMountNamespace = 0x00020000;  // CLONE_NEWNS

enum class Code : uint16_t {
#define OP(code, identifier, name, fields) identifier = code,
#include "ops.def"
#undef OP
};

// Executor of the records of `prepare`.
enum class Strategy : uint16_t {
  kInChild = 0,  // the container init process, in its copy of the host's mounts
  kOpener = 1,   // a thread of the caller, in the host's mount namespace, before the clone
};

struct Header {
  uint32_t magic;
  uint16_t version;
  uint16_t strategy;    // Strategy
  uint32_t size;        // of the whole plan, bytes
  uint32_t prepare;     // number of records that prepare
  uint32_t enter;       // number of records that enter
  uint32_t slots;       // size of the descriptor table
  uint32_t supplied;    // slots 0 … supplied - 1 are filled by the caller
  uint32_t namespaces;  // CLONE_NEW* flags of the start
};
static_assert(sizeof(Header) == 32);

struct Record {
  uint16_t code;
  uint16_t reserved;
  uint32_t words[kWords];
};
static_assert(sizeof(Record) == 48);

}  // namespace orlop::plan
