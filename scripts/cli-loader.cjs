#!/usr/bin/env -S node --
// Without `--`, Node 20 takes the `--env-file` of `run` for its own: it sets the container's variables here, and runs what
// NODE_OPTIONS among them says on the host.
//
// Runs main.cjs beside this file, from V8's compiled form where that fits this version of Node: compiling the whole
// command line would cost a start more than all that it runs. Without it, or with other flags, it is compiled as usual.
'use strict';
const { readFileSync } = require('node:fs');
const { Script } = require('node:vm');

const file = `${__dirname}/main.cjs`;
const source = readFileSync(file, 'latin1');
let cachedData;
try {
  cachedData = readFileSync(`${__dirname}/main.cache`);
} catch {}
const script = new Script(source, { filename: file, cachedData });
if (process.env.ORLOP_CLI_CACHE) {
  module.exports = script;
} else {
  script.runInThisContext()(require, module, file, __dirname);
}
