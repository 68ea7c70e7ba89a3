// Passes any bytes to the plan reader, and reads each field of an accepted plan to its last byte. With
// -fsanitize=fuzzer this is libFuzzer's target. Built with ORLOP_STANDALONE it is a program for compilers without
// libFuzzer: fuzz-plan ROUNDS FILE… damages each file in ROUNDS ways, always the same ones.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <vector>

#include "plan/reader.h"

namespace {

namespace plan = orlop::plan;

// Sum of the bytes read; printed, so that the compiler cannot drop a read.
uint64_t sum = 0;
// Strings of a hostile plan may overlap: enough is read when this many bytes were.
size_t budget = 0;

void touch(uint32_t number) { sum += number; }
void touch(uint64_t number) { sum += number; }
void touch(const char* text) {
  if (text == nullptr) return;
  for (; *text != 0 && budget > 0; text++, budget--) sum += static_cast<uint8_t>(*text);
}
void touch(plan::Blob blob) {
  for (uint32_t i = 0; i < blob.size && budget > 0; i++, budget--) sum += blob.data[i];
}
void touch(plan::Numbers numbers) {
  for (uint32_t i = 0; i < numbers.count && budget > 0; i++, budget--) sum += numbers.data[i];
}
void touch(plan::Strings strings) {
  for (uint32_t i = 0; i < strings.count && budget > 0; i++) touch(strings[i]);
}

void read_record(const plan::View& view, uint32_t index) {
  switch (view.code(index)) {
#define OUT(name) touch(fields.name);
#define SLOT(name) touch(fields.name);
#define U32(name) touch(fields.name);
#define U64(name) touch(fields.name);
#define STRING(name) touch(fields.name);
#define BLOB(name) touch(fields.name);
#define STRINGS(name) touch(fields.name);
#define NUMBERS(name) touch(fields.name);
#define OP(code, identifier, name, touches)                                                             \
  case plan::Code::identifier: {                                                                        \
    [[maybe_unused]] const plan::op::identifier fields = plan::read<plan::op::identifier>(view, index); \
    touches                                                                                             \
  } break;
#include "plan/ops.def"
#undef OP
#include "plan/undef.h"
  }
}

// An own allocation of exactly this size, so that the sanitizer sees each byte too far.
bool read_plan(const uint8_t* data, size_t size) {
  const std::unique_ptr<uint8_t[]> copy(new uint8_t[size]);
  if (size > 0) memcpy(copy.get(), data, size);
  if (plan::check(copy.get(), size).fault != plan::Fault::kNone) return false;
  const plan::View view(copy.get());
  budget = 1u << 20;
  sum += plan::count_pointers(view);
  for (uint32_t i = 0; i < view.count(); i++) read_record(view, i);
  return true;
}

}  // namespace

#ifndef ORLOP_STANDALONE
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  read_plan(data, size);
  return 0;
}
#else
namespace {

uint64_t state = 88172645463325252u;

uint32_t random_below(uint32_t below) {
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return static_cast<uint32_t>((state >> 16) % below);
}

// Changes one to four words or bytes; sometimes cuts the end, and sets the size in the header.
std::vector<uint8_t> damage(const std::vector<uint8_t>& plan) {
  static const uint32_t kTelling[] = {0, 1, 0x7fffffff, 0x80000000, 0xffffffff, 0xfffffffc};
  std::vector<uint8_t> copy = plan;
  for (uint32_t times = 1 + random_below(4); times > 0; times--) {
    const uint32_t word = random_below(static_cast<uint32_t>(copy.size() / 4));
    uint32_t value;
    memcpy(&value, &copy[word * 4], 4);
    const uint32_t kind = random_below(4);
    if (kind == 0) value = kTelling[random_below(6)];
    if (kind == 1) value ^= 1u << random_below(32);
    if (kind == 2) value = random_below(static_cast<uint32_t>(copy.size()) + 8);
    if (kind == 3) value += random_below(16) - 8;
    memcpy(&copy[word * 4], &value, 4);
  }
  if (random_below(4) == 0) {
    copy.resize(32 + random_below(static_cast<uint32_t>(copy.size()) - 32));
    const auto size = static_cast<uint32_t>(copy.size());
    memcpy(&copy[8], &size, 4);
  }
  return copy;
}

std::vector<uint8_t> read_file(const char* path) {
  std::vector<uint8_t> bytes(plan::kMaxSize);
  FILE* file = fopen(path, "re");
  if (file == nullptr) return {};
  bytes.resize(fread(bytes.data(), 1, bytes.size(), file));
  fclose(file);
  return bytes;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) return fprintf(stderr, "usage: fuzz-plan ROUNDS FILE…\n"), 2;
  uint32_t accepted = 0;
  uint32_t refused = 0;
  for (int i = 2; i < argc; i++) {
    const std::vector<uint8_t> plan = read_file(argv[i]);
    if (plan.size() <= 64 || !read_plan(plan.data(), plan.size())) return fprintf(stderr, "%s: no plan\n", argv[i]), 1;
    for (int round = atoi(argv[1]); round > 0; round--) {
      const std::vector<uint8_t> damaged = damage(plan);
      (read_plan(damaged.data(), damaged.size()) ? accepted : refused)++;
    }
  }
  printf("%u accepted, %u refused, sum %llx\n", accepted, refused, static_cast<unsigned long long>(sum));
  return 0;
}
#endif
