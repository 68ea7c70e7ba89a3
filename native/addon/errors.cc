#include "addon/errors.h"

#include <cctype>
#include <cstring>
#include <string>

#include "base/errno_name.h"

namespace orlop::addon {
namespace {

// strerror_r returns a text in glibc, and a status in musl and POSIX, with the text in the buffer.
[[maybe_unused]] const char* text_of(const char* text, const char*) { return text; }
[[maybe_unused]] const char* text_of(int, const char* buffer) { return buffer; }

}  // namespace

Napi::Error system_error(Napi::Env env, const Failure& failure) {
  const char* code = errno_name(failure.error);
  char buffer[128] = "";
  std::string text = text_of(strerror_r(failure.error, buffer, sizeof buffer), buffer);
  if (text.size() > 1 && islower(text[1])) text[0] = static_cast<char>(tolower(text[0]));  // as Node, but "RPC"
  std::string message = std::string(code) + ": " + text + ", " + failure.call;
  if (!failure.path.empty()) message += " '" + failure.path + "'";
  Napi::Error error = Napi::Error::New(env, message);
  Napi::Object object = error.Value();
  object.Set("code", code);
  object.Set("errno", -failure.error);
  object.Set("syscall", failure.call);
  if (!failure.path.empty()) object.Set("path", failure.path);
  return error;
}

}  // namespace orlop::addon
