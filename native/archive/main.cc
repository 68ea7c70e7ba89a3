#include <archive.h>
#include <cstdio>

int main() { return std::puts(archive_version_string()) < 0; }
