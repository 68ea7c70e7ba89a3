// Definitions that keep unused library code out of the executable.
#include <archive.h>
#include <archive_entry.h>

#include <cerrno>

// NOLINTBEGIN(bugprone-reserved-identifier, misc-use-internal-linkage): the names are the libraries'.

// libarchive's PAX writer calls this function for an entry that its format cannot hold (a socket; pack.cc gives it
// none). Its object file needs all other formats, compressors and ciphers, which are not used here. With a definition
// here, the linker takes none of them. Weak: if libarchive's own is linked all the same, that one is used.
extern "C" [[gnu::weak]] void __archive_write_entry_filetype_unsupported(archive* writer, archive_entry* entry,
                                                                         const char* format) {
  archive_set_error(writer, EILSEQ, "%s: %s archives cannot hold such a file", archive_entry_pathname(entry), format);
}
// NOLINTEND(bugprone-reserved-identifier, misc-use-internal-linkage)
