// A text with holes in it, which each start fills with values of its own.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "fs/changes.h"

namespace orlop::addon {

using Texts = std::vector<std::string>;

// In the text, a NUL and a digit are the hole of that number: no path and no text of a request can hold a NUL.
class TextTemplate {
 public:
  TextTemplate() = default;

  // Nothing where a NUL is followed by no digit.
  static std::optional<TextTemplate> parse(const std::string& text);

  // Numbers of holes are below this.
  size_t holes() const;
  std::string fill(const Texts& values) const;

 private:
  struct Hole {
    size_t offset;  // in `text_`, where the value goes
    size_t number;
  };
  std::string text_;  // without the marks
  std::vector<Hole> holes_;
};

// The same for a list of changes: in paths, and in what is written.
class ChangeTemplates {
 public:
  ChangeTemplates() = default;

  // Nothing where a text is no template.
  static std::optional<ChangeTemplates> parse(const fs::Changes& changes);

  bool empty() const { return changes_.empty(); }
  size_t holes() const;
  // Appends them to the list.
  void fill(const Texts& values, fs::Changes& changes) const;

 private:
  struct ChangeTemplate {
    fs::Change rest;  // without texts
    TextTemplate path, text;
  };
  std::vector<ChangeTemplate> changes_;
};

}  // namespace orlop::addon
