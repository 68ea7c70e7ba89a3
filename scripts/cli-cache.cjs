// Writes V8's code cache of dist/cli/main.cjs for this version of Node. The cache holds the functions that have run, so
// containers are started first (or planned, without root) in a temporary store: one of the host and one of an image,
// with both kinds of volumes. Output goes to a file, which runs the same code as output to a terminal.
'use strict';
const { execFileSync } = require('node:child_process');
const { copyFileSync, existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join, resolve } = require('node:path');

const directory = realpathSync(mkdtempSync(join(tmpdir(), 'orlop-build-')));
const root = join(directory, 'store');
const program = resolve('dist/cli/orlop.cjs');

process.on('exit', () => {
  // Must match chooseRun in ts/store/roots.ts.
  const run = `/run/orlop/roots/${encodeURIComponent(root)}`;
  for (const path of [directory, run]) rmSync(path, { recursive: true, force: true });
});

// A rejection ends this program with a failure, and so fails the build.
void main();

async function main() {
  const script = require(program);
  const { exit } = process;
  // Without a store, fewer functions are compiled. This must not fail the build.
  for (const argv of commandLines()) await run(script, argv).catch(() => {});
  writeFileSync(resolve('dist/cli/main.cache'), script.createCachedData());
  exit(0);
}

function commandLines() {
  const host = ['--rm', '-v', `${tmpdir()}:/data`, 'host', 'true'];
  if (process.getuid() !== 0) return [['plan', ...host]];
  const image = ['--rm', '-i', '-v', 'data:/data', '-v', '/own', '-e', 'A=b', '-w', '/', 'build', '/bin/init'];
  return [['run', ...host], ...(makeImage() ? [['run', ...image]] : [])];
}

/** Makes an image of one program that exits at once; false if this fails. */
function makeImage() {
  const [tree, archive] = [join(directory, 'tree'), join(directory, 'image.tar')];
  try {
    mkdirSync(join(tree, 'bin'), { recursive: true });
    const places = ['build/Release', `prebuilds/${process.platform}-${process.arch}`];
    const init = places.map((place) => resolve(place, 'orlop-init')).find(existsSync);
    copyFileSync(init, join(tree, 'bin/init'));
    execFileSync('tar', ['-C', tree, '-cf', archive, '.'], { stdio: 'ignore' });
    execFileSync(process.execPath, [program, '--root', root, 'import', archive, 'build'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** Runs a command line. Resolves when it calls process.exit. */
function run(script, argv) {
  return new Promise((done) => {
    process.exit = done;
    process.argv = [process.execPath, program, '--root', root, ...argv];
    script.runInThisContext()(require, module, resolve('dist/cli/main.cjs'), resolve('dist/cli'));
  });
}
