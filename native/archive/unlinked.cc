// Definitions that keep unused library code out of the executable.
#include <archive.h>
#include <archive_entry.h>

#include <cerrno>
#include <cstdlib>

// libarchive's pax writer calls this for an entry that its format cannot hold (a socket; pack.cc gives it none), and
// its object brings all other formats, their compressors and their cryptography along, which parse
// nothing of ours. Where the name is defined the linker takes none of them. Weak: a libarchive that links its
// own all the same wins.
extern "C" [[gnu::weak]] void __archive_write_entry_filetype_unsupported(archive* writer, archive_entry* entry,
                                                                         const char* format) {
  archive_set_error(writer, EILSEQ, "%s: %s archives cannot hold such a file", archive_entry_pathname(entry), format);
}

// libstdc++'s names the exception that ended the program, with a demangler; there are no exceptions here.
namespace __gnu_cxx {
[[gnu::weak]] void __verbose_terminate_handler() { abort(); }
}  // namespace __gnu_cxx
