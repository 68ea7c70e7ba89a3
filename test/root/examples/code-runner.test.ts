import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { request } from 'node:http';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect } from 'chai';
import type { RunOutcome } from '../../../ts/index.ts';
import { Orlop } from '../../../ts/index.ts';
import { findPlaces } from '../../../ts/store/places.ts';
import { busyboxArchive } from '../../support/busybox.ts';
import { storeContent } from '../../support/facts-of-life.ts';
import { mountTable } from '../../support/mounts.ts';
import { removeAll } from '../../support/orlop.ts';
import { requires, skipOrFail } from '../../support/require.ts';
import { until } from '../../support/temporary.ts';

type Answer = Pick<RunOutcome, 'stdout' | 'stderr' | 'exitCode' | 'timedOut' | 'limit' | 'usage'> & {
  readonly status: string;
};

/** Time-out of the service, ms. */
const timeout = 1500;

const honest = { client: '127.0.0.1', code: 'i=0; while [ $i -lt 10000 ]; do i=$((i + 1)); done; echo $i' };
const stranger = '127.0.0.2';

const mebibyte = 1 << 20;

/** What the answers to hostile scripts have in common, and what is theirs. */
const hostile: Readonly<Record<string, { readonly code: string; check(answer: Answer): void }>> = {
  'fork bomb': {
    code: 'b() { while :; do b & done; }; b & while :; do :; done',
    check: (answer) => {
      expect(answer).to.include({ status: 'TO', limit: 'wallTime' });
      expect(answer.usage?.pidsPeak).to.equal(64);
    },
  },
  'memory bomb': {
    code: 'dd if=/dev/zero of=/dev/null bs=1G',
    check: (answer) => {
      expect(answer).to.include({ exitCode: 137, limit: 'memory' });
      expect(answer.usage?.memoryPeakBytes).to.be.within(200 * mebibyte, 256 * mebibyte);
    },
  },
  'disk filler': {
    code: 'for file in /fill /tmp/fill /dev/shm/fill; do dd if=/dev/zero of=$file bs=1M; done',
    check: (answer) => {
      expect(answer).to.include({ status: 'RE', exitCode: 1, limit: null });
      expect(answer.stderr.match(/No space left/g)).to.have.length(2);
      expect(answer.usage?.memoryPeakBytes).to.be.within(128 * mebibyte, 256 * mebibyte);
    },
  },
  'output flood': {
    code: 'yes',
    check: (answer) => {
      expect(answer).to.include({ status: 'SG', limit: 'output' });
      expect(answer.stdout).to.have.length(mebibyte);
    },
  },
  sleep: {
    code: 'sleep 1000',
    check: (answer) => expect(answer).to.include({ status: 'TO', limit: 'wallTime' }),
  },
  'process that ignores SIGTERM': {
    code: 'trap "" TERM INT HUP; while :; do sleep 1; done',
    check: (answer) => expect(answer).to.include({ status: 'TO', exitCode: 137, limit: 'wallTime' }),
  },
  'detached child that holds the output': {
    code: 'setsid sleep 1000 & echo begun',
    check: (answer) => {
      expect(answer).to.include({ status: 'OK', stdout: 'begun\n', limit: null });
      expect(answer.usage?.wallMs).to.be.below(timeout);
    },
  },
};

describe('the example code-runner', function () {
  this.timeout(600_000);
  requires('root', 'addon', 'archive', 'overlay', 'busybox', 'limits');
  let directory = '';
  let store = { root: '', run: '' };
  let service: ChildProcess;
  let port = 0;
  let errors = '';

  before(async () => {
    directory = mkdtempSync('/var/tmp/orlop-test-');
    const root = join(directory, 'root');
    const orlop = await Orlop.open({ root });
    await orlop.images.import(busyboxArchive(directory), { reference: 'busybox' });
    await orlop.close();
    store = await findPlaces({ root });
    service = spawn(process.execPath, ['--import=tsx', 'examples/code-runner.ts'], {
      env: { ...process.env, ORLOP_ROOT: root, PORT: '0', TIMEOUT: `${timeout}` },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    if (service.stdout === null) throw new Error('the service has no output');
    service.stderr?.on('data', (part) => {
      errors += part;
    });
    const [line] = await once(service.stdout, 'data');
    port = Number(/port: (\d+)/.exec(`${line}`)?.[1]);
  });
  after(async () => {
    if (service?.exitCode === null) service.kill('SIGKILL');
    if (directory !== '') await removeAll(directory);
  });

  const send = async (body: string, client: string, method = 'POST') => {
    const headers = { 'content-length': Buffer.byteLength(body) };
    const sent = request({ host: '127.0.0.1', port, method, localAddress: client, headers });
    sent.end(body);
    const [response] = await once(sent, 'response');
    return { code: response.statusCode, body: await text(response) };
  };
  const run = async (code: string, client = honest.client): Promise<Answer> => {
    const { body, ...answer } = await send(code, client);
    expect(answer).to.deep.equal({ code: 200 });
    return JSON.parse(body);
  };
  /** Milliseconds until the answer to an honest script. */
  const timeHonest = async (): Promise<number> => {
    const began = performance.now();
    const answer = await run(honest.code);
    expect(answer).to.include({ status: 'OK', stdout: '10000\n', stderr: '' });
    return performance.now() - began;
  };
  const timeMany = async (more: (count: number) => boolean): Promise<number[]> => {
    const times: number[] = [];
    while (more(times.length)) times.push(await timeHonest());
    return times;
  };
  /** Processes in the cgroups of the service's containers. */
  const contained = () =>
    readdirSync('/proc').filter((pid) => {
      try {
        return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/cgroup`, 'utf8').includes(`/orlop-${service.pid}-`);
      } catch {
        return false;
      }
    });

  it('answers with the end of a script, as isolate names it', async () => {
    expect(await run('echo out; echo err >&2')).to.include({ status: 'OK', stdout: 'out\n', stderr: 'err\n' });
    expect(await run('exit 3')).to.include({ status: 'RE', exitCode: 3 });
    expect(await run('id -u; pwd; cat; touch /x')).to.include({ status: 'RE', stdout: '1000\n/tmp\n' });
    expect(await run('sleep 60')).to.include({ status: 'TO', timedOut: true });
  });

  it('refuses what is no script', async () => {
    expect(await send('', honest.client, 'PUT')).to.include({ code: 405 });
    expect(await send('#'.repeat(65_537), honest.client)).to.include({ code: 413 });
  });

  it('serves 100 honest runs beside 100 hostile ones in at most twice their time', async function () {
    if (availableParallelism() < 2) skipOrFail(this, 'there is one processor');
    const before = storeContent(store);
    const mounts = mountTable(service.pid);
    const kinds = Object.entries(hostile);
    const alone = await timeMany((count) => count < 50);
    let left = 100;
    let most = 0;
    const answers = Promise.all(
      Array.from({ length: left }, async (_, index) => {
        const [kind = '', { code, check } = { code: '', check: () => {} }] = kinds[index % kinds.length] ?? [];
        const answer = await run(code, stranger);
        left--;
        return { kind, answer, check };
      }),
    );
    const beside = await timeMany((count) => {
      most = Math.max(most, contained().length);
      return left > 0 || count < 100;
    });
    for (const { kind, answer, check } of await answers) {
      check(answer);
      expect(answer.usage?.pidsPeak, kind).to.be.at.most(64);
    }
    alone.push(...(await timeMany((count) => count < 50)));
    const [usual, other] = [median(alone), median(beside)];
    console.log(
      `      ${beside.length} honest runs: ${usual.toFixed(1)} ms alone, ${other.toFixed(1)} ms beside, ${most} processes`,
    );
    expect(other).to.be.below(2 * usual);
    // Of the fork bomb: the honest script is one process.
    expect(most).to.be.within(2, 64 + 1);

    expect(contained()).to.deep.equal([]);
    expect(mountTable(service.pid)).to.equal(mounts);
    await until('the store is as before', () => JSON.stringify(storeContent(store)) === JSON.stringify(before));
  });

  it('refuses a client that has 100 scripts waiting', async () => {
    const first = run('sleep 1000', stranger);
    await until('the first runs', () => contained().length > 0);
    const others = await Promise.all(Array.from({ length: 102 }, () => send('true', stranger)));
    expect((await first).status).to.equal('TO');
    const codes = others.map(({ code }) => code);
    expect(codes.filter((code) => code === 200)).to.have.length(100);
    expect(codes.filter((code) => code === 429)).to.have.length(2);
  });

  it('ends the run of a client that has gone, and then serves the next', async () => {
    const headers = { 'content-length': 10 };
    const sent = request({ host: '127.0.0.1', port, method: 'POST', localAddress: stranger, headers });
    sent.on('error', () => {});
    sent.end('sleep 1000');
    await until('the script runs', () => contained().length > 0);
    sent.destroy();
    await until('the script has ended', () => contained().length === 0, timeout / 2000);
    expect(await run('echo next', stranger)).to.include({ stdout: 'next\n' });
  });

  it('leaves nothing when it ends', async () => {
    service.kill('SIGTERM');
    const [code] = await once(service, 'exit');
    expect({ code, errors }).to.deep.equal({ code: 0, errors: '' });
    const cgroups = execFileSync('find', ['/sys/fs/cgroup', '-name', `orlop-${service.pid}-*`], { encoding: 'utf8' });
    expect(cgroups).to.equal('');
    const { layers, ...others } = storeContent(store);
    expect(layers).to.have.length(1);
    expect(Object.values(others).flat()).to.deep.equal([]);
  });
});

function median(list: readonly number[]): number {
  return [...list].sort((a, b) => a - b)[list.length >> 1] ?? Number.NaN;
}
