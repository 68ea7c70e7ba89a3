// Runs levels of tests and ends with the line `N passed, N failed, N skipped`.
//
//   node scripts/run-level.mjs [level]...     levels: see the table below; `all` for each of them
//
// Each test file is a process of its own, two at a time: a crash costs one file, and nothing that one leaves behind in
// its process can help or harm another. As root each of them gets a mount namespace of its own as its "host", with
// an empty /run/orlop: what others mount meanwhile, or unmount, is not there.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const mocha = ['node_modules/mocha/bin/mocha.js', '--import=tsx', '--reporter=test/support/reporter.cjs'];
// A new mount namespace begins with a copy of the table, in which mounts of other tests may be: a copy keeps their file
// systems busy, and goes when their mount points are removed.
const leaveOthers = `
  while read -r _ _ _ _ target _; do
    case $target in /var/tmp/orlop-*) umount --lazy "$target" 2> /dev/null || true ;; esac
  done < /proc/self/mountinfo`;
// Locks of stores that were opened by their root alone lie below /run/orlop, and no test removes them with the store.
const ownRun = 'mkdir -p -m 700 /run/orlop; mount -t tmpfs -o mode=700 tmpfs /run/orlop';
const ownMounts = [
  ...['unshare', '--mount', '--propagation', 'private'],
  ...['sh', '-ec', `${leaveOthers}\n${ownRun}\nexec "$@"`, 'sh'],
];
/** Whether this user may have mount namespaces: root may, but not in every container. */
const mayUnshare =
  process.getuid() === 0 && spawnSync('unshare', ['--mount', 'true'], { stdio: 'ignore' }).status === 0;
const npmRun = (script) => ['npm', 'run', '--silent', script];

/**
 * What a level runs: mocha on the files of a folder (`only` those that match), or a command that counts as one test.
 * `build` is a command that comes first and counts as a test too.
 */
const levels = {
  typecheck: { command: ['node_modules/.bin/tsc', '-p', 'tsconfig.json', '--noEmit'] },
  lint: { command: ['node_modules/.bin/biome', 'check', '.'] },
  'lint-native': { command: ['bash', 'scripts/lint-native'] },
  unit: { folder: 'test/unit', together: true },
  checks: { folder: 'test/checks', together: true },
  addon: { folder: 'test/addon' },
  native: { folder: 'test/native' },
  userns: { folder: 'test/userns' },
  root: { folder: 'test/root' },
  // The older system calls, with which nothing is made ahead: not the tests of that. Unpacking has no such ways.
  fallbacks: {
    folder: 'test/root',
    only: /^(?!.*\/archive\/|.*\/(again|ahead|views|pool\/(life|member|same|timings))\.test)/,
    env: () => ({ ORLOP_FEATURES: '0' }),
  },
  // Not in `all`: it needs the prebuilt files, and downloads programs (npm run test:package).
  package: { folder: 'test/package', alone: true },
  fuzz: { folder: 'test/fuzz' },
  // The same sources by the other build.
  cmake: {
    build: npmRun('build:cmake'),
    folder: 'test/addon',
    only: /\/launch\.test/,
    env: () => ({ ORLOP_NATIVE: resolve('build-cmake/Release/orlop.node') }),
  },
  'sanitize-archive': {
    build: npmRun('build:sanitize'),
    folder: 'test/root/archive',
    // The jail's own tests are of its limits, which the sanitizers do not fit into.
    only: /^(?!.*\/jail)/,
    env: () => ({ ORLOP_ARCHIVE: resolve('build-sanitize/orlop-archive') }),
  },
  'sanitize-addon': {
    build: npmRun('build:sanitize'),
    folder: 'test/addon',
    env: () => ({
      ORLOP_NATIVE: resolve('build-sanitize/Release/orlop.node'),
      // Node has no sanitizers, so their run-time library must be there before the addon that needs it.
      LD_PRELOAD: sanitizerRuntime(),
      // What Node itself leaves at its end is not for us to mend.
      ASAN_OPTIONS: 'detect_leaks=0',
    }),
  },
};

/** Names for several levels. */
const groups = {
  all: Object.keys(levels).filter((name) => !levels[name].alone),
  sanitize: ['sanitize-archive', 'sanitize-addon'],
};

function sanitizerRuntime() {
  const compiler = process.env.CXX ?? 'g++';
  return realpathSync(execFileSync(compiler, ['-print-file-name=libasan.so'], { encoding: 'utf8' }).trim());
}

function testFiles(folder) {
  return readdirSync(folder, { recursive: true })
    .filter((name) => name.endsWith('.test.ts'))
    .map((name) => join(folder, name))
    .sort();
}

/** @returns the jobs of a level: argv, environment, label */
function jobsOf(name) {
  const level = levels[name];
  if (level.command) return [{ label: name, argv: level.command, env: {} }];
  const files = testFiles(level.folder).filter((file) => level.only?.test(file) ?? true);
  const argv = (list) => [
    ...(mayUnshare ? ownMounts : []),
    process.execPath,
    ...mocha,
    ...(mayUnshare ? ['--require=test/support/hooks.ts'] : []),
    ...list,
  ];
  const env = level.env?.() ?? {};
  if (level.together) return files.length === 0 ? [] : [{ label: name, argv: argv(files), env }];
  return files.map((file) => ({ label: `${name}: ${file}`, argv: argv([file]), env }));
}

/** @returns whether the job passed */
function run(job, counts) {
  const folder = mkdtempSync(join(tmpdir(), 'orlop-counts-'));
  const record = join(folder, 'counts.json');
  const started = Date.now();
  return new Promise((done) => {
    const child = spawn(job.argv[0], job.argv.slice(1), {
      env: { ...process.env, ...job.env, ORLOP_TEST_COUNTS: record, FORCE_COLOR: '0' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    child.stdout.on('data', (text) => (output += text));
    child.stderr.on('data', (text) => (output += text));
    child.on('close', (code, signal) => {
      const count = countsOf(record, code);
      rmSync(folder, { recursive: true });
      counts.passed += count.passed;
      counts.failed += count.failed;
      counts.skipped += count.skipped;
      const seconds = ((Date.now() - started) / 1000).toFixed(1);
      const failed = count.failed > 0;
      console.log(
        `${failed ? 'FAILED' : 'ok'}  ${job.label}  ${count.passed} passed, ${seconds} s${signal ? `, ${signal}` : ''}`,
      );
      if (failed || output.includes('skipped: ')) console.log(output.replace(/^/gm, '    '));
      done(!failed);
    });
  });
}

/** The reporter's record; without one the whole job counts as one test, passed or failed. */
function countsOf(record, code) {
  try {
    const counts = JSON.parse(readFileSync(record, 'utf8'));
    // A process that fails after its tests (an exception in a hook, a crash at exit) is a failure too.
    if (code !== 0 && counts.failed === 0) counts.failed = 1;
    return counts;
  } catch {
    return { passed: code === 0 ? 1 : 0, failed: code === 0 ? 0 : 1, skipped: 0 };
  }
}

/** Builds that were tried, and whether they passed: levels share them. */
const built = new Map();

async function runLevel(name, counts) {
  const { build } = levels[name];
  const key = build?.join(' ');
  if (build && !built.has(key)) built.set(key, await run({ label: `${name}: ${key}`, argv: build, env: {} }, counts));
  if (build && !built.get(key)) return;
  const jobs = jobsOf(name);
  const worker = async () => {
    for (let job = jobs.shift(); job !== undefined; job = jobs.shift()) await run(job, counts);
  };
  await Promise.all(Array.from({ length: Math.min(2, availableParallelism()) }, worker));
}

const asked = process.argv.slice(2);
const names = (asked.length > 0 ? asked : ['all']).flatMap((name) => groups[name] ?? [name]);
const unknown = names.find((name) => levels[name] === undefined);
if (unknown !== undefined) {
  const known = [...Object.keys(levels), ...Object.keys(groups)].join(', ');
  console.error(`run-level: no level '${unknown}': ${known}`);
  process.exit(2);
}
const counts = { passed: 0, failed: 0, skipped: 0 };
for (const name of names) await runLevel(name, counts);
console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
process.exitCode = counts.failed > 0 || counts.passed === 0 ? 1 : 0;
