// V8's code cache of the command line for another version of Node or for flags of V8, which the cache in the package
// does not fit. The first `run` writes it to the run directory, in memory, which only its owner can access, because its
// content is executed. It is gone after a reboot.
'use strict';
const fs = require('node:fs');
const { dirname, join } = require('node:path');
const { Script } = require('node:vm');

/** Maximum number of caches, for other versions of Node and of orlop: half a megabyte each. */
const most = 8;

/**
 * @param {string} source source of main.cjs
 * @param {string} filename file name of main.cjs
 * @param {{ kind: string, tag: number, main: string }} built properties of main.cache, and the hash of main.cjs, of
 * which V8 itself compares only the length
 * @param {string} node properties of this Node that must match, from orlop.cjs
 * @returns {import('node:vm').Script}
 */
module.exports = function compile(source, filename, built, node) {
  requireNode();
  const kind = kindOf(node);
  const name = `cli-${built.main}-${kind}.cache`;
  const cachedData = kind === `${built.kind}-${built.tag}` ? readShipped(filename) : read(name);
  const script = new Script(source, { filename, cachedData });
  // Only after `run`: after another command the cache would lack the functions of a start, which must be fast.
  if (script.cachedDataRejected !== false && isRun()) process.on('exit', () => keep(name, script.createCachedData()));
  return script;
};

/** Checked here, not in the loader: the Node of the build is new enough. An older one would print all of main.cjs. */
function requireNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return;
  fs.writeSync(2, `orlop: this is Node ${process.versions.node}, which is too old\nhint: use Node 20.19 or newer\n`);
  process.exit(125);
}

/**
 * Properties that decide if a code cache fits. Only node:v8 knows the effect of flags; loading it also loads all of
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

/** Must match chooseRun in ts/store/roots.ts. Undefined before the first container. */
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

/** Writes the cache, complete or not at all. If this fails, the next command compiles again. */
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
