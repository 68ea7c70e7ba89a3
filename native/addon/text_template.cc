#include "addon/text_template.h"

#include <algorithm>

namespace orlop::addon {

std::optional<TextTemplate> TextTemplate::parse(const std::string& text) {
  TextTemplate parsed;
  size_t done = 0;
  for (size_t mark; (mark = text.find('\0', done)) != std::string::npos; done = mark + 2) {
    if (mark + 1 == text.size() || text[mark + 1] < '0' || text[mark + 1] > '9') return std::nullopt;
    parsed.text_.append(text, done, mark - done);
    parsed.holes_.push_back({parsed.text_.size(), static_cast<size_t>(text[mark + 1] - '0')});
  }
  parsed.text_.append(text, done);
  return parsed;
}

size_t TextTemplate::holes() const {
  size_t count = 0;
  for (const Hole& hole : holes_) count = std::max(count, hole.number + 1);
  return count;
}

std::string TextTemplate::fill(const Texts& values) const {
  std::string filled;
  size_t done = 0;
  for (const Hole& hole : holes_) {
    filled.append(text_, done, hole.offset - done).append(values[hole.number]);
    done = hole.offset;
  }
  return filled.append(text_, done);
}

std::optional<ChangeTemplates> ChangeTemplates::parse(const fs::Changes& changes) {
  ChangeTemplates parsed;
  for (const fs::Change& change : changes) {
    auto path = TextTemplate::parse(change.path), text = TextTemplate::parse(change.text);
    if (!path || !text) return std::nullopt;
    fs::Change rest;
    rest.kind = change.kind;
    rest.mode = change.mode;
    rest.uid = change.uid;
    rest.gid = change.gid;
    parsed.changes_.push_back({rest, std::move(*path), std::move(*text)});
  }
  return parsed;
}

size_t ChangeTemplates::holes() const {
  size_t count = 0;
  for (const ChangeTemplate& change : changes_) count = std::max({count, change.path.holes(), change.text.holes()});
  return count;
}

void ChangeTemplates::fill(const Texts& values, fs::Changes& changes) const {
  for (const ChangeTemplate& made : changes_) {
    fs::Change& change = changes.emplace_back(made.rest);
    change.path = made.path.fill(values);
    change.text = made.text.fill(values);
  }
}

}  // namespace orlop::addon
