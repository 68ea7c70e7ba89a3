# What `node-gyp rebuild` builds here, in build/. The targets are in native/binding.gyp: the package has only that one,
# because beside package.json Yarn and older pnpm take a binding.gyp for an install script, and compile.
{
  "targets": [
    {
      "target_name": "all_of_orlop",
      "type": "none",
      "dependencies": [
        "native/binding.gyp:orlop",
        "native/binding.gyp:orlop-init",
        "native/binding.gyp:orlop-launcher",
        "native/binding.gyp:orlop-archive"
      ]
    }
  ]
}
