// The report: lines of JSON on a descriptor, of which the last one is the end of the process. TypeScript turns codes
// into words (ts/images/archive/refusals.ts); a line has codes, bytes (as hex, since names need not be UTF-8) and
// numbers.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace orlop::archive {

inline constexpr int kReportFd = 5;

// Name of the current entry, for a refusal; empty without one.
void set_current_entry(std::string_view name);

// The broker process. It ends when its socket closes, and is reaped before this process ends.
void set_helper(int pid, int socket);

// The archive or tree is not acceptable.
[[noreturn]] void refuse(const char* code, std::string_view detail = {});
// The kernel refused a call.
[[noreturn]] void fail(const char* call, int error);

// Tells how many bytes of the archive are done: a line before the last one, ten times a second at most.
void report_progress(uint64_t bytes);

struct Sums {
  std::string digest;  // sha256 of the compressed bytes, hex
  uint64_t size;
  std::string diff_id;  // sha256 of the uncompressed bytes, hex
  uint64_t uncompressed_size;
};
// `end_mark`: the archive has one. True for an archive that was written.
[[noreturn]] void succeed(const Sums& sums, uint64_t entries, bool end_mark);

// write(2) of all bytes, also to a non-blocking descriptor.
void write_all(int fd, const void* data, size_t size);
// read(2) that waits, also on a non-blocking descriptor; 0 at the end.
size_t read_some(int fd, void* data, size_t size);

}  // namespace orlop::archive
