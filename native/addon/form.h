// A text with blanks in it.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "fs/changes.h"

namespace orlop::addon {

using Texts = std::vector<std::string>;

class Form {
 public:
  Form() = default;
  // Each blank is wherever its own text stands; where one begins with another, the longer comes before it in the list.
  Form(std::string text, const Texts& blanks);

  // One value for each blank.
  std::string fill(const Texts& values) const;

 private:
  struct Place {
    size_t offset, length, blank;
  };
  std::string text_;
  std::vector<Place> places_;
};

// The same for a list of changes: in paths, and in what is written.
class ChangeForms {
 public:
  ChangeForms() = default;
  ChangeForms(const fs::Changes& changes, const Texts& blanks);

  bool empty() const { return forms_.empty(); }
  fs::Changes fill(const Texts& values) const;

 private:
  struct ChangeForm {
    fs::Change::Kind kind;
    Form path, text;
    uint32_t mode;
  };
  std::vector<ChangeForm> forms_;
};

}  // namespace orlop::addon
