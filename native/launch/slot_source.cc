#include "launch/slot_source.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace orlop::launch {
namespace {

using Kind = SlotSource::Kind;

// A program that has closed its standard streams gets their numbers for new descriptors.
Failure above_standard(UniqueFd opened, const char* call, UniqueFd& out) {
  if (!opened) return failed(call);
  if (opened.get() >= 3) {
    out = std::move(opened);
    return {};
  }
  out.reset(fcntl(opened.get(), F_DUPFD_CLOEXEC, 3));
  return out ? Failure{} : failed("fcntl");
}

Failure open_nothing(int access, UniqueFd& out) {
  return above_standard(UniqueFd(open("/dev/null", access | O_CLOEXEC)), "open", out);
}

Failure open_pipe(int applications, UniqueFd& out, std::vector<UniqueFd>& pipes) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return failed("pipe2");
  UniqueFd callers(ends[1 - applications]);
  if (Failure failure = above_standard(UniqueFd(ends[applications]), "pipe2", out)) return failure;
  return above_standard(std::move(callers), "pipe2", pipes.emplace_back());
}

Failure open_one(SlotSource& source, const SlotSource* before, std::vector<UniqueFd>& pipes) {
  switch (source.kind) {
    case Kind::kDescriptor:
      return {};
    case Kind::kNothingToRead:
      return open_nothing(O_RDONLY, source.fd);
    case Kind::kNothingToWrite:
      return open_nothing(O_WRONLY, source.fd);
    case Kind::kPipeToApplication:
      return open_pipe(0, source.fd, pipes);
    case Kind::kPipeFromApplication:
      return open_pipe(1, source.fd, pipes);
    case Kind::kSameAsBefore:
      if (before == nullptr) return {EBADF, "fcntl", ""};
      source.fd.reset(fcntl(before->fd.get(), F_DUPFD_CLOEXEC, 3));
      return source.fd ? Failure{} : failed("fcntl");
  }
  return {EINVAL, "", ""};
}

}  // namespace

Failure open_sources(std::vector<SlotSource>& sources, std::vector<UniqueFd>& pipes) {
  const SlotSource* before = nullptr;
  for (SlotSource& source : sources) {
    if (Failure failure = open_one(source, before, pipes)) return failure;
    before = &source;
  }
  return {};
}

}  // namespace orlop::launch
