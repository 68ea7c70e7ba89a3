# The targets, for a build of this folder alone (in an installed package) and for the one beside package.json.
{
  "variables": {
    # No -Werror: a newer compiler that builds an installed package may know more warnings, and must not fail over them.
    # scripts/test adds it. Fields that an initialiser leaves out are zero.
    "warnings": [
      "-Wall", "-Wextra", "-Wpedantic", "-Wshadow", "-Wconversion", "-Wsign-conversion", "-Wunused-parameter",
      "-Wno-missing-field-initializers"
    ],
    # No libc stands behind this code: it runs in a child that shares its parent's memory (native/init/README.md), or in
    # orlop-init.
    "freestanding": [
      "-ffreestanding", "-fno-stack-protector", "-fno-threadsafe-statics", "-fno-asynchronous-unwind-tables",
      "-fno-tree-loop-distribute-patterns", "-fvisibility=hidden", "-O2", "-fPIC"
    ],
    "napi_include": "<!(node ../scripts/napi-include.mjs)",
    # The linker runs in another directory.
    "native": "<!(pwd)"
  },
  "target_defaults": {
    "include_dirs": ["."],
    "cflags_cc!": ["-std=gnu++17", "-std=gnu++20"],
    "cflags_cc": ["-std=c++20", "-fno-exceptions", "-fno-rtti", "<@(warnings)"],
    "defines": ["_GNU_SOURCE"]
  },
  "targets": [
    {
      "target_name": "orlop_init",
      "type": "static_library",
      "sources": ["<!@(node ../scripts/sources.mjs init native)"],
      "cflags_cc": ["<@(freestanding)"]
    },
    {
      "target_name": "orlop-init",
      "type": "executable",
      "dependencies": ["orlop_init"],
      "sources": ["<!@(node ../scripts/sources.mjs helper native)"],
      "cflags_cc": ["<@(freestanding)", "-ffunction-sections", "-fdata-sections"],
      # A waiting container costs the pages that it touches: no headers, symbols or alignment beyond what the kernel needs.
      "ldflags!": ["-rdynamic", "-pthread"],
      "ldflags": [
        "-static", "-no-pie", "-nostdlib", "-Wl,--gc-sections", "-Wl,--build-id=none", "-Wl,-z,noexecstack",
        "-Wl,-z,relro,-z,now", "-s"
      ]
    },
    {
      "target_name": "orlop",
      "dependencies": ["orlop_init"],
      "sources": ["<!@(node ../scripts/sources.mjs core native)", "<!@(node ../scripts/sources.mjs addon native)"],
      # SWALLOW: in a Worker that is being terminated no call into JavaScript succeeds, and that must not abort the program.
      "defines": [
        "NAPI_VERSION=8", "NAPI_DISABLE_CPP_EXCEPTIONS", "NODE_ADDON_API_DISABLE_DEPRECATED",
        "NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS"
      ],
      # What it does is wait for system calls: small code is read from the disk sooner. Nothing unwinds its stack.
      # Warnings about Node's headers are not ours to mend.
      "cflags_cc": [
        "-isystem<(napi_include)", "-isystem<(node_root_dir)/include/node", "-fvisibility=hidden", "-fno-gnu-unique",
        "-O2", "-ffunction-sections", "-fdata-sections", "-fno-asynchronous-unwind-tables"
      ],
      # nodelete: its threads outlive the Worker that loaded it, so it must stay in memory when Node closes it.
      "ldflags": [
        "-Wl,--exclude-libs,ALL", "-Wl,--as-needed", "-Wl,--gc-sections", "-Wl,-z,relro,-z,now", "-Wl,-z,nodelete",
        "-Wl,--version-script=<(native)/addon/exports.map"
      ]
    },
    {
      "target_name": "orlop-launcher",
      "type": "executable",
      "dependencies": ["orlop_init"],
      "sources": ["<!@(node ../scripts/sources.mjs core native)", "<!@(node ../scripts/sources.mjs launcher native)"],
      # Small: each user's program keeps one in memory, and its time is that of system calls.
      "cflags_cc": [
        "-fPIE", "-fstack-protector-strong", "-Os", "-ffunction-sections", "-fdata-sections",
        "-fno-asynchronous-unwind-tables"
      ],
      "ldflags": ["-static-pie", "-Wl,--gc-sections", "-Wl,-z,relro,-z,now"]
    },
    {
      "target_name": "orlop-archive",
      "type": "executable",
      "sources": ["<!@(node ../scripts/sources.mjs archive native)"],
      # It parses what strangers made: addresses are random, the stack and the libraries' calls are checked. Small, as
      # all of the package is.
      "cflags_cc": [
        "-fPIE", "-fstack-protector-strong", "-U_FORTIFY_SOURCE", "-D_FORTIFY_SOURCE=2", "-O2", "-ffunction-sections",
        "-fdata-sections", "-fno-asynchronous-unwind-tables"
      ],
      "ldflags": ["-static-pie", "-Wl,--gc-sections", "-Wl,-z,relro,-z,now"],
      "libraries": ["-larchive", "-lnettle", "-lzstd", "-lz"]
    }
  ]
}
