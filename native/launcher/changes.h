// Batches of changes in messages.
#pragma once

#include "fs/changes.h"
#include "launcher/wire.h"

namespace orlop::launcher {

inline void put_changes(Writer& message, const fs::Changes& changes) {
  message.put(static_cast<uint32_t>(changes.size()));
  for (const fs::Change& change : changes) {
    message.put(change.kind).text(change.path).text(change.text).put(change.mode).put(change.uid).put(change.gid);
  }
}

inline fs::Changes get_changes(Reader& message) {
  fs::Changes changes;
  for (auto left = message.get<uint32_t>(); left > 0 && message.good(); --left) {
    fs::Change& change = changes.emplace_back();
    change.kind = message.get<fs::Change::Kind>();
    change.path = message.text();
    change.text = message.text();
    change.mode = message.get<uint32_t>();
    change.uid = message.get<uint32_t>();
    change.gid = message.get<uint32_t>();
  }
  return changes;
}

}  // namespace orlop::launcher
