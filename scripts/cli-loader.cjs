#!/usr/bin/env -S node --
// Without `--`, Node 20 takes the `--env-file` of `run` for its own: it sets the container's variables here, and runs what
// NODE_OPTIONS among them says on the host.
//
// Runs main.cjs beside this file, from V8's compiled form where there is one: compiling what a start needs takes longer
// than all that the start does. main.cache is for the version of Node that orlop was built with, and for no flags of V8; for others see own-cache.cjs.
'use strict';
const { readFileSync } = require('node:fs');
const { Script } = require('node:vm');

/** Filled in when this file is put into the package. */
const built = { v8: 'V8', tag: 0, main: 'MAIN' };

const file = `${__dirname}/main.cjs`;
const source = readFileSync(file, 'latin1');
// Flags can change what V8 makes of it.
const usual = process.versions.v8 === built.v8 && process.execArgv.length === 0 && !process.env.NODE_OPTIONS;
const script = usual ? fromPackage() : require('./own-cache.cjs')(source, file, built);
if (require.main === module) {
  script.runInThisContext()(require, module, file, __dirname);
} else {
  module.exports = script;
}

function fromPackage() {
  let cachedData;
  try {
    cachedData = readFileSync(`${__dirname}/main.cache`);
  } catch {}
  // The compiled form keeps the name: not that of the directory that it was made in.
  return new Script(source, { filename: 'orlop/dist/cli/main.cjs', cachedData });
}
