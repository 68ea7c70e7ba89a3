#include "addon/form.h"

#include <utility>

namespace orlop::addon {
namespace {

// The first blank in the list whose text stands there; their number where none does.
size_t blank_at(const std::string& text, size_t offset, const Texts& blanks) {
  size_t blank = 0;
  while (blank < blanks.size() && text.compare(offset, blanks[blank].size(), blanks[blank]) != 0) ++blank;
  return blank;
}

}  // namespace

Form::Form(std::string text, const Texts& blanks) : text_(std::move(text)) {
  for (size_t offset = 0; offset < text_.size();) {
    const size_t blank = blank_at(text_, offset, blanks);
    const size_t length = blank < blanks.size() ? blanks[blank].size() : 0;
    if (length > 0) places_.push_back({offset, length, blank});
    offset += length > 0 ? length : 1;
  }
}

std::string Form::fill(const Texts& values) const {
  std::string filled;
  size_t done = 0;
  for (const Place& place : places_) {
    filled.append(text_, done, place.offset - done).append(values[place.blank]);
    done = place.offset + place.length;
  }
  return filled.append(text_, done);
}

ChangeForms::ChangeForms(const fs::Changes& changes, const Texts& blanks) {
  for (const fs::Change& change : changes) {
    forms_.push_back({change.kind, Form(change.path, blanks), Form(change.text, blanks), change.mode});
  }
}

fs::Changes ChangeForms::fill(const Texts& values) const {
  fs::Changes changes;
  for (const ChangeForm& form : forms_) {
    changes.push_back({form.kind, form.path.fill(values), form.text.fill(values), form.mode});
  }
  return changes;
}

}  // namespace orlop::addon
