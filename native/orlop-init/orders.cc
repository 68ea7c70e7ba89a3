#include "orlop-init/orders.h"

#include <linux/errno.h>

#include "init/context.h"
#include "init/syscalls.h"
#include "orlop-init/main.h"
#include "plan/reader.h"

namespace orlop::orlop_init {

// No code would run an initialiser.
constinit Memory memory = {};
constinit int control = 0;

namespace {

constinit Progress* progress = nullptr;

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

}  // namespace

void answer(Event event, const int (*descriptors)[kAnswerDescriptors]) {
  const Answer answer = {event, memory.report};
  send_answer(control, answer, descriptors);
}

void refuse() {
  answer(Event::kRefused);
  leave(127);
}

void refuse_order(int error) {
  memory.report = {0, init::kNoCall, 0, error, 0};
  refuse();
}

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

}  // namespace orlop::orlop_init
