// The container init process of a waiting container. It waits in the root of its container, and sees no mount of the
// host. The program attaches the volumes of a request. Then it executes the application.
#include <linux/errno.h>

#include "init/context.h"
#include "init/mounts.h"
#include "init/run.h"
#include "init/syscalls.h"
#include "orlop-init/main.h"
#include "orlop-init/socket.h"
#include "plan/reader.h"

namespace orlop::orlop_init {
namespace {

using init::system_call;

inline constexpr uint32_t kPointers = 1024;  // arguments and variables that need no mapping

// Not on the stack: pages that are not touched cost no memory.
struct Memory {
  Buffer first;  // stays: the second plan uses the slots of the first
  Buffer second;
  int32_t slots[plan::kMaxSlots];
  Descriptors descriptors;
  char* pointers[kPointers];
  init::Report report;
};
// No code would run an initialiser.
constinit Memory memory = {};

constinit int control = 0;  // the socket

constinit Progress* progress = nullptr;

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

// The program reads the note when `execve` has closed the socket.
void executing(const init::Start&) { progress->executing = 1; }

char** room_for(uint32_t count) {
  constexpr int kReadWrite = 3;            // PROT_READ | PROT_WRITE
  constexpr int kAnonymous = 0x02 | 0x20;  // MAP_PRIVATE | MAP_ANONYMOUS
  if (count <= kPointers) return memory.pointers;
  const long address =
      init::raw_call(__NR_mmap, 0, static_cast<long>(count * sizeof(char*)), kReadWrite, kAnonymous, -1, 0);
  if (address < 0 && address >= -4095) refuse_order(static_cast<int>(-address));
  return reinterpret_cast<char**>(address);
}

// Waits for an order, and prepares its start. The first `known` slots keep their descriptors, unless the order fills
// them.
init::Start await(Buffer& buffer, uint32_t known) {
  const Parcel parcel = receive_order(control, buffer, memory.descriptors);
  // The program is gone, or sent no order.
  if (parcel.plan == nullptr) leave(0);
  const plan::Verdict verdict = plan::check(parcel.plan, parcel.size);
  if (verdict.fault != plan::Fault::kNone) refuse_order(EINVAL);
  const plan::View view(parcel.plan);
  for (uint32_t i = known; i < view.header().slots; i++) memory.slots[i] = -1;
  for (uint32_t i = 0; i < parcel.count; i++) {
    if (parcel.slots[i] == plan::kNoSlot && progress == nullptr) {
      progress = map_progress(memory.descriptors[i]);
      continue;
    }
    if (parcel.slots[i] >= view.header().slots) refuse_order(EINVAL);
    memory.slots[parcel.slots[i]] = memory.descriptors[i];
  }
  if (progress == nullptr) refuse_order(ENOMEM);
  const uint32_t pointers = plan::count_pointers(view);
  for (uint32_t i = 0; i <= view.count(); i++) progress->times[i] = 0;
  init::Start start = {parcel.plan,     parcel.size,        memory.slots, parcel.features, &memory.report,
                       progress->times, room_for(pointers), pointers,     control,         executing};
  start.own_memory = true;
  return start;
}

// Opens the own mount namespace, for the program, which attaches volumes in it. On a new procfs: a user may have put
// something else in place of the procfs in the root.
int own_mount_namespace(const init::Start& making) {
  init::Context context{making, plan::View(making.plan)};
  const int proc = init::make_filesystem(context, "proc", nullptr, 0, 0);
  if (proc < 0) refuse_order(-proc);
  const auto own = static_cast<int>(system_call(__NR_openat, proc, "self/ns/mnt", O_RDONLY | O_CLOEXEC, 0));
  if (own < 0) refuse_order(-own);
  system_call(__NR_close, proc);
  return own;
}

// Replaces the socket. The program takes the end of the socket as the sign of `execve`, so no other process may hold a
// copy. A concurrent start may hold a copy of the first socket.
void take_new_socket(int mount_namespace) {
  int ends[2];
  if (!open_pair(ends)) refuse_order(EMFILE);
  const int old = control;
  const int descriptors[] = {ends[1], mount_namespace};
  answer(Event::kReady, &descriptors);
  for (const int descriptor : descriptors) system_call(__NR_close, descriptor);
  control = ends[0];
  // Also as 0, 1 and 2, so that no later descriptor gets these numbers. `stdio` replaces them.
  for (int number = 0; number < 3; number++) system_call(__NR_dup3, control, number, O_CLOEXEC);
  if (old > 2) system_call(__NR_close, old);
}

}  // namespace

void run_waiting_container() {
  const init::Start making = await(memory.first, 0);
  const int mount_namespace = own_mount_namespace(making);
  init::Carried carried;
  if (!init::prepare(making, carried)) refuse();
  take_new_socket(mount_namespace);
  const init::Start becoming = await(memory.second, plan::View(making.plan).header().slots);
  init::run(becoming, carried);
  refuse();
}

}  // namespace orlop::orlop_init
