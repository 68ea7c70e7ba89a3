// Keeps unused code of libstdc++ out of a static executable.
#include <cstdlib>

// NOLINTBEGIN(bugprone-reserved-identifier, misc-use-internal-linkage): the names are the library's.

// The library's own prints the exception that ended the program, with a demangler of 50 kB. There are no exceptions
// here. Weak: if the library's is linked all the same, that one is used.
namespace __gnu_cxx {
[[gnu::weak]] void __verbose_terminate_handler() { abort(); }
}  // namespace __gnu_cxx

// NOLINTEND(bugprone-reserved-identifier, misc-use-internal-linkage)
