// A text with holes, which each start fills with its values.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "fs/changes.h"

namespace orlop::addon {

using Texts = std::vector<std::string>;

// A hole is a NUL and a digit, its number. No path and no text of a request contains a NUL.
class TextTemplate {
 public:
  TextTemplate() = default;

  // Nothing if a NUL is not followed by a digit.
  static std::optional<TextTemplate> parse(const std::string& text);

  // One more than the highest number of a hole.
  size_t holes() const;
  std::string fill(const Texts& values) const;

 private:
  struct Hole {
    size_t offset;  // in `text_`, of the value
    size_t number;
  };
  std::string text_;  // without the marks
  std::vector<Hole> holes_;
};

// A batch of changes with holes in paths and contents.
class ChangeTemplates {
 public:
  ChangeTemplates() = default;

  // Nothing if a text is no template.
  static std::optional<ChangeTemplates> parse(const fs::Changes& changes);

  bool empty() const { return changes_.empty(); }
  size_t holes() const;
  // Appends the filled changes to `changes`.
  void fill(const Texts& values, fs::Changes& changes) const;

 private:
  struct ChangeTemplate {
    fs::Change rest;  // without texts
    TextTemplate path, text;
  };
  std::vector<ChangeTemplate> changes_;
};

}  // namespace orlop::addon
