// Limits for untrusted archives, in one file for the tests and the documentation.
#pragma once

#include <cstddef>
#include <cstdint>

namespace orlop::archive {

inline constexpr size_t kMaxPath = 4095;                  // bytes of a name, as PATH_MAX without its NUL
inline constexpr size_t kMaxComponent = 255;              // NAME_MAX
inline constexpr size_t kMaxDepth = 1024;                 // components of a name
inline constexpr uint64_t kMaxEntries = 2'000'000;        // of one archive
inline constexpr uint64_t kMaxHeader = 1u << 20;          // all headers in front of one entry's data, bytes
inline constexpr size_t kMaxDirectoryBytes = 128u << 20;  // names of directories whose times are set last
inline constexpr size_t kMaxOwnerBytes = 64u << 20;       // index of owners of a layer
inline constexpr uint64_t kRatioFrom = 256u << 20;        // bytes of output before the compression ratio is judged
inline constexpr uint64_t kMaxSize = 64ull << 30;         // default limit of the uncompressed archive
inline constexpr uint64_t kMaxRatio = 2000;               // default; gzip cannot exceed 1032, zstd can
#ifndef ORLOP_SANITIZE
inline constexpr uint64_t kAddressSpace = 1ull << 30;  // RLIMIT_AS; zstd's window alone may be 128 MiB
#else
inline constexpr uint64_t kAddressSpace = ~0ull;  // the sanitizers reserve terabytes of addresses
#endif
inline constexpr size_t kBlock = 64u << 10;  // unit of reading and writing

}  // namespace orlop::archive
