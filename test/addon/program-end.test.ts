import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect } from 'chai';
import { requires } from '../support/require.ts';
import {
  childrenOf,
  childrenSource,
  isAlive,
  plainPlan,
  program,
  runProgram,
  waitsForPipe,
} from '../support/starts.ts';
import { temporaryDirectory, until } from '../support/temporary.ts';

const plans = {
  true: plainPlan({ argv: ['/bin/true'] }),
  later: plainPlan({ argv: ['/bin/sh', '-c', 'sleep 0.2; exit 3'] }),
  forever: plainPlan({ argv: ['/bin/sleep', '600'], steps: [{ op: 'parent-death', signal: 9 }] }),
};

describe('a program with containers', function () {
  this.timeout(120_000);
  requires('addon', 'root');

  it('lives while it waits for one', async () => {
    const { stdout } = await runProgram(
      `const { process: child } = await start('later'); const { code, signal } = await native.wait(child); console.log({ code, signal });`,
      plans,
    );
    expect(stdout).to.equal('{ code: 3, signal: null }\n');
  });

  it('ends when it waits for none, and takes them along', async () => {
    const { stdout } = await runProgram(
      `const { process: child } = await start('forever'); console.log(child.pid);`,
      plans,
    );
    expect(Number(stdout)).to.be.greaterThan(1);
    await until('the child to follow its parent', () => !isAlive(Number(stdout)));
  });

  for (const [how, source] of [
    ['process.exit()', `process.exit(0);`],
    ['an exception', `setImmediate(() => { throw new Error('on purpose'); });`],
    ['SIGKILL', `process.kill(process.pid, 'SIGKILL');`],
  ] as const) {
    it(`takes them along when it ends by ${how}`, async () => {
      const { argv, env } = program(
        `const { process: child } = await start('forever'); native.wait(child);
         require('node:fs').writeSync(1, child.pid + '\\n'); ${source}`,
        plans,
      );
      const parent = spawn(process.execPath, argv, { env, stdio: ['ignore', 'pipe', 'ignore'] });
      let text = '';
      parent.stdout.on('data', (chunk) => {
        text += chunk;
      });
      await once(parent, 'close');
      expect(Number(text)).to.be.greaterThan(1);
      await until('the child to follow its parent', () => !isAlive(Number(text)));
    });
  }
});

describe('a program that is killed', function () {
  this.timeout(120_000);
  requires('addon', 'root');
  const directory = temporaryDirectory();

  it('takes along a child that has not come to the operation that says so', async () => {
    const pipe = join(directory(), 'pipe');
    execFileSync('mkfifo', [pipe]);
    const held = plainPlan({
      argv: ['/bin/true'],
      supplied: ['gate'],
      steps: [
        { op: 'barrier', gate: 0 },
        { op: 'parent-death', signal: 9 },
      ],
    });
    // Open for writing too, so that the end of the program does not open the gate.
    const { argv, env } = program(
      `start('held', { descriptors: [require('node:fs').openSync(${JSON.stringify(pipe)}, 'r+')] });`,
      { held },
    );
    const parent = spawn(process.execPath, argv, { env, stdio: 'ignore' });
    const child = await until('a child at the gate', () => childrenOf(parent.pid ?? 0).find(waitsForPipe));
    parent.kill('SIGKILL');
    try {
      await until('the child to follow its parent', () => !isAlive(child), 10);
    } finally {
      if (isAlive(child)) process.kill(child, 'SIGKILL');
    }
  });
});

describe('a Worker with containers', function () {
  this.timeout(120_000);
  requires('addon', 'root');

  it('is notified of their exits, and ends the others when it is terminated', async () => {
    const { stdout } = await runProgram(
      `const { Worker } = require('node:worker_threads');
       const { once } = require('node:events');
       const body = head + \`(async () => {
         const done = await native.wait((await start('later')).process);
         const { process: child } = await start('forever');
         native.wait(child);
         require('node:worker_threads').parentPort.postMessage({ done, pid: child.pid });
       })();\`;
       for (let i = 0; i < 3; ++i) {
         const worker = new Worker(body, { eval: true });
         const [message] = await once(worker, 'message');
         process.kill(message.pid, 0);
         await worker.terminate();
         console.log(JSON.stringify(message));
       }
       console.log((await native.wait((await start('true')).process)).code);
       const own = (await start('forever')).process;
       console.log(native.kill(own, 9), (await native.wait(own)).signal);`,
      plans,
    );
    const lines = stdout.trim().split('\n');
    expect(lines).to.have.length(5);
    for (const line of lines.slice(0, 3)) {
      const { done, pid } = JSON.parse(line);
      expect(done).to.include({ code: 3, signal: null });
      await until('the child to follow its Worker', () => !isAlive(pid));
    }
    expect(lines.slice(3)).to.deep.equal(['0', 'true 9']);
  });

  // Node closes an addon that only a Worker has loaded; threads of the addon that still run would then run into nothing.
  it('may be the only one that loads the addon, and end with starts under way', async () => {
    const { stdout } = await runProgram(
      `${terminated(10, "for (let i = 0; i < 20; ++i) start('forever'); underWay();")}
       ${childrenSource}
       while (children().length > 0) await new Promise((resolve) => setTimeout(resolve, 5));
       console.log('none left');`,
      plans,
      { loads: false },
    );
    expect(stdout).to.equal('none left\n');
  });

  for (const [what, times, body] of [
    [
      'reads what it was given',
      10,
      `const stat = require('node:fs').readFileSync('/proc/self/stat', 'latin1');
       const startTime = stat.slice(stat.lastIndexOf(')')).split(' ')[20];
       native.killOther(process.pid, startTime, 0) || process.exit(1);
       underWay();
       for (;;) native.killOther(process.pid, startTime, 0);`,
    ],
    [
      'makes a promise',
      60,
      `const ignore = () => {};
       underWay();
       (async () => { for (;;) await native.openView([0]).catch(ignore); })();`,
    ],
  ] as const) {
    it(`may be terminated in the middle of a call that ${what}, and the program goes on`, async () => {
      const { stdout } = await runProgram(`${terminated(times, body)} console.log('goes on');`, plans);
      expect(stdout).to.equal('goes on\n');
    });
  }
});

/** Source of a program that so many times starts a Worker with that body and ends it once that has called `underWay`. */
function terminated(times: number, body: string): string {
  return `
    const { Worker } = require('node:worker_threads');
    const { once } = require('node:events');
    const said = "const underWay = () => require('node:worker_threads').parentPort.postMessage('under way');";
    for (let i = 0; i < ${times}; ++i) {
      const worker = new Worker(head + said + ${JSON.stringify(body)}, { eval: true });
      await once(worker, 'message');
      await worker.terminate();
    }`;
}
