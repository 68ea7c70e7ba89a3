// A plan on its way to a member of a pool.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/failure.h"
#include "base/unique_fd.h"
#include "launch/supply.h"
#include "plan/reader.h"

namespace orlop::launch {

struct MemberOrder {
  std::vector<uint8_t> plan;     // validated
  uint32_t features = 0;         // init::Feature
  std::vector<Supply> supplies;  // for the first slots
  std::string paths;             // to look up in the union that an opener makes; each ends with a NUL

  // How many of the plan's records an opener executes.
  uint32_t opened() const {
    const plan::View view(plan.data());
    return view.opener() ? view.header().prepare : 0;
  }
};

// A new file in memory.
Failure make_file(const char* name, UniqueFd& file);

// Puts it into the member's socket, with the streams and what an opener has put into the plan's slots, in their order;
// empty for nothing. The file of the record comes with the first order; -1 otherwise. Never waits: a member has at most
// one order in its socket.
Failure send_order(int socket, const MemberOrder& order, const std::vector<UniqueFd>& opened, int record);

}  // namespace orlop::launch
