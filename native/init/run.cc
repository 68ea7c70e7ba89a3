#include "init/run.h"

namespace orlop::init {

void run(const Start& start) { *start.report = Report{}; }

}  // namespace orlop::init
