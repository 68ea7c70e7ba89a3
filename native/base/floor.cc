// Lets an addon that was linked on a new system load on an old one: the floor is that of Node's own binaries,
// glibc 2.28 and libstdc++ of gcc 8. What the linker would take from a newer glibc is defined here and stays inside the
// addon (native/addon/exports.map). test/package measures the result.
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <typeinfo>

#if defined(__GLIBC__) && (defined(__x86_64__) || defined(__aarch64__))

#if defined(__x86_64__)
#define ORLOP_FIRST "GLIBC_2.2.5"
#define ORLOP_CLOCK "GLIBC_2.3.3"
#else
#define ORLOP_FIRST "GLIBC_2.17"
#define ORLOP_CLOCK "GLIBC_2.17"
#endif

// The function of this name in the first glibc. glibc 2.34 moved the functions of libpthread to libc with a new
// version, and still has the old version. Earlier glibcs have it in libpthread, which Node has loaded.
#define OLD(version, name, ...)                               \
  __asm__(".symver orlop_old_" #name ", " #name "@" version); \
  extern int orlop_old_##name(__VA_ARGS__)

extern "C" {

OLD(ORLOP_FIRST, pthread_create, pthread_t*, const pthread_attr_t*, void* (*)(void*), void*);
OLD(ORLOP_FIRST, pthread_detach, pthread_t);
OLD(ORLOP_FIRST, pthread_join, pthread_t, void**);
OLD(ORLOP_FIRST, pthread_attr_setstacksize, pthread_attr_t*, size_t);
OLD(ORLOP_FIRST, pthread_sigmask, int, const sigset_t*, sigset_t*);
OLD(ORLOP_CLOCK, pthread_condattr_setclock, pthread_condattr_t*, clockid_t);

int pthread_create(pthread_t* thread, const pthread_attr_t* attributes, void* (*start)(void*), void* argument) {
  return orlop_old_pthread_create(thread, attributes, start, argument);
}
int pthread_detach(pthread_t thread) { return orlop_old_pthread_detach(thread); }
int pthread_join(pthread_t thread, void** result) { return orlop_old_pthread_join(thread, result); }
int pthread_attr_setstacksize(pthread_attr_t* attributes, size_t size) {
  return orlop_old_pthread_attr_setstacksize(attributes, size);
}
int pthread_sigmask(int how, const sigset_t* set, sigset_t* before) {
  return orlop_old_pthread_sigmask(how, set, before);
}
int pthread_condattr_setclock(pthread_condattr_t* attributes, clockid_t clock) {
  return orlop_old_pthread_condattr_setclock(attributes, clock);
}

// Functions since glibc 2.33, before that inline ones over __xstat. On both architectures the kernel's structure is the
// library's.
int stat(const char* path, struct stat* out) {
  return static_cast<int>(syscall(SYS_newfstatat, AT_FDCWD, path, out, 0));
}
int fstat(int fd, struct stat* out) { return static_cast<int>(syscall(SYS_fstat, fd, out)); }
int fstatat(int directory, const char* path, struct stat* out, int flags) {
  return static_cast<int>(syscall(SYS_newfstatat, directory, path, out, flags));
}
int mknodat(int directory, const char* path, mode_t mode, dev_t device) {
  return static_cast<int>(syscall(SYS_mknodat, directory, path, mode, static_cast<unsigned>(device)));
}

// A variable since glibc 2.32: libstdc++ avoids atomic operations in programs with one thread. This program has
// several.
extern char __libc_single_threaded;
char __libc_single_threaded = 0;
}

// NOLINTBEGIN(cert-dcl58-cpp): the names are the C++ library's, which is too old to have them.
namespace std {

// Both end the program in libstdc++ as well when there are no exceptions.
void __throw_bad_array_new_length() { abort(); }

// Asked by shared_ptr without RTTI after it has compared addresses, for a tag that came from another library: none
// does.
bool _Sp_make_shared_tag::_S_eq(const type_info&) noexcept { return false; }

#if _GLIBCXX_RELEASE >= 13
// Split off from the inlined replace() of gcc 13; libstdc++ has the code, but not old ones.
template void basic_string<char>::_M_replace_cold(char*, size_t, const char*, size_t, size_t);
#endif

}  // namespace std
// NOLINTEND(cert-dcl58-cpp)

#endif
