// An order: a plan that the program sends to a waiting container.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/failure.h"
#include "base/unique_fd.h"
#include "launch/slot_source.h"
#include "plan/reader.h"

namespace orlop::pool {

struct Order {
  std::vector<uint8_t> plan;                // validated
  uint32_t features = 0;                    // init::Feature
  std::vector<launch::SlotSource> sources;  // for the first slots
  std::string paths;                        // to look up in the union that the opener makes; each ends with a NUL

  // Number of the plan's records that the opener executes.
  uint32_t opened() const {
    const plan::View view(plan.data());
    return view.opener() ? view.header().prepare : 0;
  }
};

// Makes an empty memfd.
Failure make_file(const char* name, UniqueFd& file);

// Sends the order, with the descriptors of its sources, and of `opened` by slot (empty without an opener). `progress`
// is the memfd of the progress for the first order; otherwise -1. Never blocks: the socket of a waiting container holds
// at most one order.
Failure send_order(int socket, const Order& order, const std::vector<UniqueFd>& opened, int progress);

}  // namespace orlop::pool
