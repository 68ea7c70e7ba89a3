#!/usr/bin/env -S node --
// Without `--`, Node 20 takes the `--env-file` of `run` for its own: it sets the container's variables here, and runs what
// NODE_OPTIONS among them says on the host.
//
// Runs main.cjs beside this file, from V8's compiled form where there is one: compiling what a start needs takes longer
// than all that the start does. main.cache is for the Node and the processor that orlop was built with, and for no flags
// of V8; for others see own-cache.cjs.
'use strict';
const { readFileSync } = require('node:fs');
const { Script } = require('node:vm');

/** Filled in when this file is put into the package. */
const built = { kind: 'KIND', tag: 0, main: 'MAIN' };

const file = `${__dirname}/main.cjs`;
const source = readFileSync(file, 'latin1');

/**
 * What has to be the same, of which V8 compares only its version: with the compiled form of another processor, or of a
 * Node that was built otherwise, it ends with a segmentation fault.
 */
const { v8_enable_i18n_support: i18n, v8_enable_pointer_compression: small } = process.config.variables;
const { v8_enable_webassembly: wasm, v8_enable_sandbox: sandbox, v8_enable_lite_mode: lite } = process.config.variables;
const kind = [process.versions.v8, process.arch, i18n, small, wasm, sandbox, lite].join('-');

// Flags can change what V8 makes of it.
const usual = kind === built.kind && process.execArgv.length === 0 && !process.env.NODE_OPTIONS;
const script = usual ? fromPackage() : require('./own-cache.cjs')(source, file, built, kind);
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
