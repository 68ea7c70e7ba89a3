// Runs levels of tests and ends with the line `N passed, N failed, N skipped`.
//
//   node scripts/run-level.mjs [level]...     levels: see the table below; `all` for each of them
//
// Each test file runs in its own process, two at a time: a crash costs one file, and no file can affect another through
// its process. As root, each gets its own mount namespace as its "host", with an empty /run/orlop: mounts and unmounts
// of other processes are not visible there.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const mocha = ['node_modules/mocha/bin/mocha.js', '--import=tsx', '--reporter=test/support/reporter.cjs'];
// A new mount namespace begins with a copy of the table, which may have mounts of other tests. A copy keeps their file
// systems busy, and disappears when their mount points are removed.
const leaveOthers = `
  while read -r _ _ _ _ target _; do
    case $target in /var/tmp/orlop-*) umount --lazy "$target" 2> /dev/null || true ;; esac
  done < /proc/self/mountinfo`;
// Locks of stores opened by root alone lie below /run/orlop. Tests do not remove them with the store.
const ownRun = 'mkdir -p -m 700 /run/orlop; mount -t tmpfs -o mode=700 tmpfs /run/orlop';
const ownMounts = [
  ...['unshare', '--mount', '--propagation', 'private'],
  ...['sh', '-ec', `${leaveOthers}\n${ownRun}\nexec "$@"`, 'sh'],
];
/** True if this user may make mount namespaces: root may, except in some containers. */
const mayUnshare =
  process.getuid() === 0 && spawnSync('unshare', ['--mount', 'true'], { stdio: 'ignore' }).status === 0;
const npmRun = (script) => ['npm', 'run', '--silent', script];

/** Tests of root whose assertions hold for an ordinary user too, by folder. */
const shared = {
  cli: ['command-line', 'exec', 'life', 'progress', 'trace'],
  containers: [
    'cgroupns',
    'contexts',
    'disk',
    'ends',
    'everything-ends',
    'exec',
    'exec-many',
    'export',
    'found',
    'kernels',
    'leaks',
    'options',
    'output',
    'run',
    'sandbox',
    'stop',
    'streams',
    'timings',
    'views',
  ],
  hostile: ['exec', 'images', 'inside', 'race', 'streams'],
  images: ['aborted', 'checks', 'import', 'progress', 'remove', 'save-load', 'unpack-when-needed', 'users'],
  mission: ['commit', 'copy-up', 'debian', 'sandbox', 'volumes'],
  pool: ['life', 'member', 'moved', 'requests', 'same', 'timings'],
  volumes: ['many'],
};
const inFolders = Object.entries(shared).map(([folder, names]) => `${folder}/(${names.join('|')})`);
/** Tests that an ordinary user can run: those for users alone, and the shared ones. */
const ofUsers = new RegExp(`^test/(user/|root/(${inFolders.join('|')})\\.test)`);

/**
 * Definition of a level: mocha on the files of a folder (`only` those that match), or a command that counts as one
 * test. `build` is a command that runs first and counts as a test too.
 */
const levels = {
  typecheck: { command: ['node_modules/.bin/tsc', '-p', 'tsconfig.json', '--noEmit'] },
  lint: { command: ['node_modules/.bin/biome', 'check', '.'] },
  'lint-native': { command: ['bash', 'scripts/lint-native'] },
  // Checks of .clang-tidy, by the commands that would compile the sources.
  tidy: { build: npmRun('configure:tidy'), command: ['run-clang-tidy-19', '-quiet', '-p', 'build-tidy', '/native/'] },
  unit: { folder: 'test/unit', together: true },
  checks: { folder: 'test/checks', together: true },
  addon: { folder: 'test/addon' },
  native: { folder: 'test/native' },
  userns: { folder: 'test/userns' },
  root: { folder: 'test/root' },
  'user-range': { folder: 'test', only: ofUsers, user: 'range' },
  'user-one': { folder: 'test', only: ofUsers, user: 'one' },
  // One kernel, booted in a virtual machine.
  vm: { folder: 'test/vm' },
  // The older system calls, which prefetch nothing: without the tests of prefetching. Unpacking has no such variants,
  // nor has what is synced. User namespaces of root take the newer calls.
  fallbacks: {
    folder: 'test/root',
    only: /^(?!.*\/archive\/|.*\/power\/|.*\/isolation\/|.*\/examples\/|.*\/(again|ahead|views|pool\/(life|member|moved|same|timings))\.test)/,
    env: () => ({ ORLOP_FEATURES: '0' }),
  },
  // Not in `all`: it needs the prebuilt files, and downloads programs (npm run test:package).
  package: { folder: 'test/package', alone: true },
  fuzz: { folder: 'test/fuzz' },
  // The same sources in the CMake build.
  cmake: {
    build: npmRun('build:cmake'),
    folder: 'test/addon',
    only: /\/launch\.test/,
    env: () => ({ ORLOP_NATIVE: resolve('build-cmake/Release/orlop.node') }),
  },
  'sanitize-archive': {
    build: npmRun('build:sanitize'),
    folder: 'test/root/archive',
    // Without the jail's tests: the sanitizers do not fit into its limits.
    only: /^(?!.*\/jail)/,
    env: () => ({ ORLOP_ARCHIVE: resolve('build-sanitize/orlop-archive') }),
  },
  'sanitize-addon': {
    build: npmRun('build:sanitize'),
    folder: 'test/addon',
    env: () => ({
      ORLOP_NATIVE: resolve('build-sanitize/Release/orlop.node'),
      // Node has no sanitizers, so their run-time library must be loaded before the addon.
      LD_PRELOAD: sanitizerRuntime(),
      // Node itself leaks at its exit.
      ASAN_OPTIONS: 'detect_leaks=0',
    }),
  },
};

/** Names of several levels. */
const groups = {
  all: Object.keys(levels).filter((name) => !levels[name].alone),
  sanitize: ['sanitize-archive', 'sanitize-addon'],
  user: ['user-range', 'user-one'],
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
    ...(mayUnshare && level.user ? ['scripts/as-user', level.user] : []),
    process.execPath,
    ...mocha,
    ...(mayUnshare ? ['--require=test/support/hooks.ts'] : []),
    ...list,
  ];
  const env = level.env?.() ?? {};
  if (level.together) return files.length === 0 ? [] : [{ label: name, argv: argv(files), env }];
  return files.map((file) => ({ label: `${name}: ${file}`, argv: argv([file]), env }));
}

/** What failed, to be printed once more at the end of a long log. */
const failures = [];

/** @returns true if the job passed */
function run(job, counts) {
  const folder = mkdtempSync(join(tmpdir(), 'orlop-counts-'));
  // The tests of a level may be another user's.
  chmodSync(folder, 0o777);
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
      const line = `${failed ? 'FAILED' : 'ok'}  ${job.label}  ${count.passed} passed, ${seconds} s${signal ? `, ${signal}` : ''}`;
      const details = output.replace(/^/gm, '    ');
      console.log(line);
      if (failed || output.includes('skipped: ')) console.log(details);
      if (failed) failures.push(`${line}\n${details}`);
      done(!failed);
    });
  });
}

/** Counts from the reporter's file. Without one, the job counts as one test, passed or failed. */
function countsOf(record, code) {
  try {
    const counts = JSON.parse(readFileSync(record, 'utf8'));
    // A process that fails after its tests (exception in a hook, crash at exit) counts as a failure.
    if (code !== 0 && counts.failed === 0) counts.failed = 1;
    return counts;
  } catch {
    return { passed: code === 0 ? 1 : 0, failed: code === 0 ? 0 : 1, skipped: 0 };
  }
}

/** Finished builds and their success; levels share them. */
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
if (failures.length > 0) console.log(`\nOnce more, what failed:\n${failures.join('\n')}`);
console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
process.exitCode = counts.failed > 0 || counts.passed === 0 ? 1 : 0;
