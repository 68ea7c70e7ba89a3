// The container init process of a pool: it waits in the root of its container, and sees nothing else. The program puts
// the volumes of a request into their places. It runs one application, in which it ends.
#include <linux/errno.h>

#include "init/context.h"
#include "init/mounts.h"
#include "init/run.h"
#include "init/syscalls.h"
#include "orlop-init/main.h"
#include "orlop-init/socket.h"
#include "plan/reader.h"

namespace orlop::helper {
namespace {

using init::system_call;

inline constexpr uint32_t kPointers = 1024;  // arguments and variables that need no memory of their own

// Not on the stack, so that what is not touched costs nothing.
struct Memory {
  Buffer first;  // stays: the slots' contents of the first plan are used by the second
  Buffer second;
  int32_t slots[plan::kMaxSlots];
  Descriptors descriptors;
  char* pointers[kPointers];
  init::Report report;
};
// Nobody would run an initialisation.
constinit Memory memory = {};

constinit int control = 0;  // the socket

constinit Record* record = nullptr;

void answer(Event event, const int (*descriptors)[kAnswerDescriptors] = nullptr) {
  const Answer answer = {event, memory.report};
  send_answer(control, answer, descriptors);
}

[[noreturn]] void refuse() {
  answer(Event::kRefused);
  leave(127);
}

[[noreturn]] void refuse_order(int error) {
  memory.report = {0, init::kNoCall, 0, error, 0};
  refuse();
}

// Seen by the program behind the end of the socket, which is `execve`'s.
void executing(const init::Start&) { record->executing = 1; }

char** room_for(uint32_t count) {
  constexpr int kReadWrite = 3;            // PROT_READ | PROT_WRITE
  constexpr int kAnonymous = 0x02 | 0x20;  // MAP_PRIVATE | MAP_ANONYMOUS
  if (count <= kPointers) return memory.pointers;
  const long address =
      init::raw_call(__NR_mmap, 0, static_cast<long>(count * sizeof(char*)), kReadWrite, kAnonymous, -1, 0);
  if (address < 0 && address >= -4095) refuse_order(static_cast<int>(-address));
  return reinterpret_cast<char**>(address);
}

// Waits for an order and lays out its start. `known` slots keep what they hold, unless the order fills them.
init::Start await(Buffer& buffer, uint32_t known) {
  const Parcel parcel = receive_order(control, buffer, memory.descriptors);
  // Nobody is there any more, or nobody who speaks this language.
  if (parcel.plan == nullptr) leave(0);
  const plan::Verdict verdict = plan::check(parcel.plan, parcel.size);
  if (verdict.fault != plan::Fault::kNone) refuse_order(EINVAL);
  const plan::View view(parcel.plan);
  for (uint32_t i = known; i < view.header().slots; i++) memory.slots[i] = -1;
  for (uint32_t i = 0; i < parcel.count; i++) {
    if (parcel.slots[i] == plan::kNoSlot && record == nullptr) {
      record = map_record(memory.descriptors[i]);
      continue;
    }
    if (parcel.slots[i] >= view.header().slots) refuse_order(EINVAL);
    memory.slots[parcel.slots[i]] = memory.descriptors[i];
  }
  if (record == nullptr) refuse_order(ENOMEM);
  const uint32_t pointers = plan::count_pointers(view);
  for (uint32_t i = 0; i <= view.count(); i++) record->times[i] = 0;
  return {parcel.plan,   parcel.size,        memory.slots, parcel.features, &memory.report,
          record->times, room_for(pointers), pointers,     control,         executing};
}

// For the program, which attaches volumes in it. By a procfs of its own: of the one in its root, a user may have made
// something else.
int own_mount_namespace(const init::Start& making) {
  init::Context context{making, plan::View(making.plan)};
  const int proc = init::make_filesystem(context, "proc", nullptr, 0, 0);
  if (proc < 0) refuse_order(-proc);
  const auto own = static_cast<int>(system_call(__NR_openat, proc, "self/ns/mnt", O_RDONLY | O_CLOEXEC, 0));
  if (own < 0) refuse_order(-own);
  system_call(__NR_close, proc);
  return own;
}

// The end of the socket is to say that the application was executed. So its other copies must all be ours: of the one
// that came from outside, a start at the same time may hold a copy.
void take_new_socket(int mount_namespace) {
  int ends[2];
  if (!open_pair(ends)) refuse_order(EMFILE);
  const int old = control;
  const int descriptors[] = {ends[1], mount_namespace};
  answer(Event::kReady, &descriptors);
  for (const int descriptor : descriptors) system_call(__NR_close, descriptor);
  control = ends[0];
  // Also as 0, 1 and 2, so that descriptors which come later get no such numbers; `stdio` puts others in their place.
  for (int number = 0; number < 3; number++) system_call(__NR_dup3, control, number, O_CLOEXEC);
  if (old > 2) system_call(__NR_close, old);
}

}  // namespace

void run_member() {
  const init::Start making = await(memory.first, 0);
  const int mount_namespace = own_mount_namespace(making);
  init::Carried carried;
  if (!init::prepare(making, carried)) refuse();
  take_new_socket(mount_namespace);
  const init::Start becoming = await(memory.second, plan::View(making.plan).header().slots);
  init::run(becoming, carried);
  refuse();
}

}  // namespace orlop::helper
