// V8's compiled form of the command line where that in the package does not fit: for another version of Node, or for flags
// of V8. The first `run` leaves it in the run directory, in memory, which only its owner can read or write: what stands in
// it is executed. It goes with the next boot.
'use strict';
const fs = require('node:fs');
const { dirname, join } = require('node:path');
const { Script } = require('node:vm');

/** How many there may be, of other versions of Node and of orlop: half a megabyte each. */
const most = 8;

/**
 * @param {string} source of main.cjs
 * @param {string} filename of it
 * @param {{ kind: string, tag: number, main: string }} built what main.cache was made with, and the hash of main.cjs:
 * V8 itself compares no more than the length
 * @param {string} node what has to be the same of this Node, as orlop.cjs has it
 * @returns {import('node:vm').Script}
 */
module.exports = function compile(source, filename, built, node) {
  requireNode();
  const kind = kindOf(node);
  const name = `cli-${built.main}-${kind}.cache`;
  const cachedData = kind === `${built.kind}-${built.tag}` ? readShipped(filename) : read(name);
  const script = new Script(source, { filename, cachedData });
  // Not after another command: it would not hold the functions of a start, which are those that are to be quick.
  if (script.cachedDataRejected !== false && isRun()) process.on('exit', () => keep(name, script.createCachedData()));
  return script;
};

/** Here, for the Node that orlop was built with need not ask: an older one would show the whole of main.cjs instead. */
function requireNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return;
  fs.writeSync(2, `orlop: this is Node ${process.versions.node}, which is too old\nhint: use Node 20.19 or newer\n`);
  process.exit(125);
}

/**
 * What decides whether a compiled form fits. For what flags come to, node:v8 is asked, which with it loads all of
 * node:stream.
 */
function kindOf(node) {
  const plain = process.execArgv.length === 0 && !process.env.NODE_OPTIONS;
  return plain ? node : `${node}-${require('node:v8').cachedDataVersionTag()}`;
}

function readShipped(filename) {
  try {
    return fs.readFileSync(join(dirname(filename), 'main.cache'));
  } catch {
    return undefined;
  }
}

function isRun() {
  const [, , first, , third] = process.argv;
  return first === 'run' || (first === '--root' && third === 'run');
}

/** As chooseRun in ts/store/roots.ts has it. Missing before the first container. */
function directory() {
  const uid = process.geteuid();
  const { XDG_RUNTIME_DIR: runtime } = process.env;
  const user = runtime?.startsWith('/') ? `${runtime}/orlop` : `/tmp/orlop-${uid}`;
  const path = uid === 0 ? '/run/orlop' : user;
  const stats = fs.lstatSync(path, { throwIfNoEntry: false });
  return stats?.isDirectory() && isPrivate(stats) ? path : undefined;
}

function isPrivate({ uid, mode }) {
  return uid === process.geteuid() && (mode & 0o077) === 0;
}

function read(name) {
  let file;
  try {
    const path = directory();
    if (path === undefined) return undefined;
    file = fs.openSync(`${path}/${name}`, fs.constants.O_RDONLY | fs.constants.O_NOFOLLOW | fs.constants.O_NONBLOCK);
    const stats = fs.fstatSync(file);
    return stats.isFile() && isPrivate(stats) ? fs.readFileSync(file) : undefined;
  } catch {
    return undefined;
  } finally {
    if (file !== undefined) fs.closeSync(file);
  }
}

/** Complete or not at all; and where it cannot be kept, the next command takes as long as this one. */
function keep(name, content) {
  try {
    const path = directory();
    if (path === undefined) return;
    const others = fs.readdirSync(path).filter((other) => /^cli-.*\.(cache|tmp)$/.test(other));
    if (others.length >= most) for (const other of others) fs.unlinkSync(`${path}/${other}`);
    const temporary = `${path}/cli-${process.pid}.tmp`;
    fs.writeFileSync(temporary, content, { flag: 'wx', mode: 0o600 });
    fs.renameSync(temporary, `${path}/${name}`);
  } catch {}
}
