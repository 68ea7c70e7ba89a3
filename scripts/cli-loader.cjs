#!/usr/bin/env -S node --
// Without `--`, Node 20 takes the `--env-file` of `run` as its own option: it would set the container's variables here,
// and run on the host what their NODE_OPTIONS say.
//
// Runs main.cjs beside this file from V8's code cache, if there is one: compiling the functions of a start takes longer
// than the start. main.cache fits the Node and the processor of the build, and no flags of V8; own-cache.cjs handles
// all others.
'use strict';
const { readFileSync } = require('node:fs');
const { Script } = require('node:vm');

/** Replaced when this file is put into the package. */
const built = { kind: 'KIND', tag: 0, main: 'MAIN' };

const file = `${__dirname}/main.cjs`;
const source = readFileSync(file, 'latin1');

/**
 * Properties of Node that must match. V8 compares only its version: with the cache of another processor, or of a Node
 * with other build options, it ends with a segmentation fault.
 */
const { v8_enable_i18n_support: i18n, v8_enable_pointer_compression: small } = process.config.variables;
const { v8_enable_webassembly: wasm, v8_enable_sandbox: sandbox, v8_enable_lite_mode: lite } = process.config.variables;
const kind = [process.versions.v8, process.arch, i18n, small, wasm, sandbox, lite].join('-');

// Flags can change V8's code.
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
  // The cache contains the file name, so it must not be the path of the build directory.
  return new Script(source, { filename: 'orlop/dist/cli/main.cjs', cachedData });
}
