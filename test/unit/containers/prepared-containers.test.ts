import { expect } from 'chai';
import type { PreparedContainer } from '../../../ts/containers/prepare.ts';
import { isOutdated, PreparedContainers, withPrepared } from '../../../ts/containers/prepared-containers.ts';
import { LaunchError, RequestError } from '../../../ts/errors/index.ts';
import { parseRunOptions } from '../../../ts/request/options.ts';
import type { RunRequest } from '../../../ts/request/types.ts';
import { Laps } from '../../../ts/trace/laps.ts';
import { withFakeRuntime } from '../../support/fake-runtime.ts';
import { request } from '../../support/records.ts';
import { refusal } from '../../support/refusal.ts';

/** A request that says something of everything. */
const whole = parseRunOptions(
  'busybox',
  ['sh', '-c', 'true'],
  {
    name: 'one',
    rm: true,
    volumes: ['data:/a', '/host:/b:ro', '/c'],
    tmpfs: ['/run:size=64m,mode=755'],
    env: ['A=b'],
    workdir: '/work',
    user: '1000',
    hostname: 'box',
    entrypoint: ['env'],
    readOnly: true,
    capAdd: ['NET_ADMIN'],
    capDrop: ['CHOWN'],
    securityOpt: ['seccomp=/profile.json'],
    ulimits: ['nofile=10:20'],
    limits: { memory: '1g', cpus: 1, pids: -1, cpusetCpus: '0', deviceWriteIops: ['/dev/sda:7'] },
    cgroupParent: '/batch',
    sysctls: ['kernel.shmmax=1'],
    oomScoreAdj: 7,
    network: 'host',
    extraHosts: { db: '10.0.0.7' },
    dns: ['192.0.2.53'],
    dnsSearch: ['a.b'],
    dnsOptions: ['rotate'],
    groupAdd: ['44'],
    interactive: true,
    labels: ['k=v'],
    shmSize: '1m',
    stopSignal: 'INT',
    stopTimeout: 7,
  },
  { cwd: '/', env: {}, kernel: () => '6.12', online: () => '0-3', seLinux: () => false },
);

/** What every start brings along itself. */
const brought: readonly string[] = ['argv', 'env'] satisfies (keyof RunRequest)[];

/** Values that differ from a value in one place each, with words for that place. */
function* others(value: unknown, place: string): Generator<readonly [place: string, other: unknown]> {
  if (typeof value === 'string') yield [place, `${value}x`];
  else if (typeof value === 'number') yield [place, value + 1];
  else if (typeof value === 'boolean') yield [place, !value];
  else if (value === null) yield [place, 'x'];
  else if (Array.isArray(value)) {
    yield [`${place}, one more`, [...value, 'x']];
    for (const [index, one] of value.entries()) {
      yield [`${place}, one less`, value.toSpliced(index, 1)];
      for (const [where, other] of others(one, `${place}[${index}]`)) yield [where, value.with(index, other)];
    }
  } else if (typeof value === 'object') {
    yield [`${place}, one more`, { ...value, x: 'x' }];
    for (const [name, one] of Object.entries(value)) {
      for (const [where, other] of others(one, `${place}.${name}`)) yield [where, { ...value, [name]: other }];
    }
  } else throw new Error(`${place} is ${typeof value}, which does not survive JSON`);
  if (value !== null) yield [`${place}, none`, null];
}

const prepared = () => ({}) as PreparedContainer;

describe('prepared containers', () => {
  it('are kept by what a request says, not by the object that says it', () => {
    const all = new PreparedContainers();
    const one = prepared();
    expect(all.get(whole, 'ephemeral')).to.equal(undefined);
    all.keep(whole, 'ephemeral', one);
    expect(all.get(whole, 'ephemeral')).to.equal(one);
    expect(all.get(structuredClone(whole), 'ephemeral')).to.equal(one);
  });

  it('are the same for another command in another environment', () => {
    const all = new PreparedContainers();
    const one = prepared();
    all.keep(whole, 'ephemeral', one);
    expect(all.get({ ...whole, argv: [], env: [] }, 'ephemeral')).to.equal(one);
    expect(all.get({ ...whole, argv: ['other'], env: [{ name: 'A', value: null }] }, 'ephemeral')).to.equal(one);
  });

  it('are others for another durability', () => {
    const all = new PreparedContainers();
    all.keep(whole, 'ephemeral', prepared());
    expect(all.get(whole, 'durable')).to.equal(undefined);
  });

  it('are kept by a request that says something of everything', () => {
    expect(Object.keys(whole)).to.have.members(Object.keys(request()));
  });

  for (const [name, value] of Object.entries(whole)) {
    if (brought.includes(name)) continue;
    it(`are others for another '${name}', wherever in it the difference is`, () => {
      const all = new PreparedContainers();
      all.keep(whole, 'ephemeral', prepared());
      const changed = [...others(value, name)];
      expect(changed.length).to.be.greaterThan(0);
      for (const [place, other] of changed) {
        expect(all.get({ ...whole, [name]: other } as RunRequest, 'ephemeral'), place).to.equal(undefined);
      }
    });
  }

  it('are forgotten wherever they are kept', () => {
    const all = new PreparedContainers();
    const [one, other] = [prepared(), prepared()];
    all.keep(whole, 'ephemeral', one);
    all.keep(request(), 'durable', other);
    all.forget(one);
    expect(all.get(whole, 'ephemeral')).to.equal(undefined);
    expect(all.get(request(), 'durable')).to.equal(other);
  });

  it('are not kept without end: the oldest goes', () => {
    const all = new PreparedContainers();
    const many = Array.from({ length: 65 }, (_, index) => request({ shmSize: index }));
    for (const one of many) all.keep(one, 'ephemeral', prepared());
    const kept = many.map((one) => all.get(one, 'ephemeral') !== undefined);
    expect(kept).to.deep.equal([false, ...new Array(64).fill(true)]);
  });
});

const systemError = (syscall: string) => Object.assign(new Error(syscall), { code: 'ESTALE', syscall });
const launchError = (step: string) =>
  new LaunchError(step, { code: 'ESTALE', errno: 116, syscall: 'openat2', step, exitCode: 125 });

describe('what is outdated', () => {
  it('is what a check says: another file, or a lock that another holds', () => {
    for (const syscall of ['stat', 'flock']) expect(isOutdated(systemError(syscall)), syscall).to.equal(true);
  });

  it('is told by an error of another context of V8 too, whose classes are not ours', () => {
    expect(isOutdated({ code: 'ESTALE', syscall: 'stat' })).to.equal(true);
    expect(isOutdated({ code: 'ESTALE' })).to.equal(false);
  });

  it('is the source of a bind mount', () => {
    expect(isOutdated(launchError('bind'))).to.equal(true);
  });

  it('is nothing else that may go wrong', () => {
    for (const step of ['exec', 'overlay', 'attach']) expect(isOutdated(launchError(step)), step).to.equal(false);
    for (const syscall of ['mkdir', 'rename', 'clone3', 'open']) {
      expect(isOutdated(systemError(syscall)), syscall).to.equal(false);
    }
    expect(isOutdated(new RequestError('ORLOP_E_INPUT', 'no'))).to.equal(false);
    expect(isOutdated(new Error('no'))).to.equal(false);
    expect(isOutdated('no')).to.equal(false);
    expect(isOutdated(null)).to.equal(false);
  });
});

describe('work with the prepared containers of a request', () => {
  const { runtime } = withFakeRuntime();

  const options = { durability: 'ephemeral' } as const;
  const work = (asked: RunRequest) => withPrepared(runtime(), asked, options, async (found) => found);

  it('reuses prepared containers, and resolves a request only once', async () => {
    const first = await work(request());
    expect(await work(request({ argv: ['other'] }))).to.equal(first);
    expect(runtime().resolved).to.equal(1);
    expect(await work(request({ readOnly: true }))).not.to.equal(first);
    expect(runtime().resolved).to.equal(2);
  });

  it('has the request resolved each time where what was found does not hold for the next', async () => {
    runtime().found = { ...runtime().found, repeatable: false };
    expect(await work(request())).not.to.equal(await work(request()));
    expect(runtime().resolved).to.equal(2);
    expect(runtime().prepared.get(request(), 'ephemeral')).to.equal(undefined);
  });

  it('has the request resolved again where a check fails', async () => {
    const first = await work(request());
    const laps = new Laps('create');
    const seen: PreparedContainer[] = [];
    const result = await withPrepared(runtime(), request(), { ...options, laps }, async (found) => {
      seen.push(found);
      if (seen.length === 1) throw systemError('stat');
      return found;
    });
    expect(seen[0]).to.equal(first);
    expect(result).to.equal(seen[1]).and.not.to.equal(first);
    expect(await work(request())).to.equal(result);
    expect(laps.steps.map(({ name }) => name)).to.include('refused');
  });

  const locked = () => Object.assign(systemError('flock'), { code: 'EAGAIN' });

  it('waits while another process changes the images, and keeps what was resolved', async () => {
    const first = await work(request());
    let tries = 0;
    const result = await withPrepared(runtime(), request(), options, async (found) => {
      expect(runtime().held, 'holders while the work may wait for a name').to.equal(0);
      if (++tries < 20) throw locked();
      return found;
    });
    expect(result).to.equal(first);
    expect(runtime().resolved).to.equal(1);
  });

  it('ends that wait by its signal', async () => {
    const abort = new AbortController();
    runtime().images.hold = async ({ signal } = {}) => {
      signal?.throwIfAborted();
      throw new Error('the signal did not arrive');
    };
    const waiting = withPrepared(runtime(), request(), { ...options, signal: abort.signal }, async () => {
      abort.abort(new Error('enough'));
      throw locked();
    });
    expect(await waiting.catch(String)).to.contain('enough');
  });

  it('has it resolved until what changes meanwhile has come to rest', async () => {
    for (const error of [systemError('stat'), launchError('bind')]) {
      let tries = 0;
      const result = await withPrepared(runtime(), request(), options, async (found) => {
        if (++tries < 4) throw error;
        return found;
      });
      expect(await work(request())).to.equal(result);
    }
  });

  it('does not give up while the image gets its name again and again', async () => {
    const path = `${runtime().store.tagsPath}/name.json`;
    let tries = 0;
    await withPrepared(runtime(), request(), options, async () => {
      if (++tries < 30) throw Object.assign(systemError('stat'), { path });
    });
    expect(tries).to.equal(30);
  });

  it('fails where it never does, and nothing is kept', async () => {
    let tries = 0;
    const failing = withPrepared(runtime(), request(), options, async () => {
      tries++;
      throw systemError('stat');
    });
    expect(await failing.catch((error: unknown) => error)).to.include({ syscall: 'stat' });
    expect(tries).to.equal(9);
    expect(runtime().prepared.get(request(), 'ephemeral')).to.equal(undefined);
  });

  it('fails at once where something else goes wrong, and what was resolved stays', async () => {
    const first = await work(request());
    let tries = 0;
    const failing = withPrepared(runtime(), request(), options, async () => {
      tries++;
      throw new RequestError('ORLOP_E_CONTAINER_NAME', 'taken');
    });
    expect(await refusal(failing)).to.include({ code: 'ORLOP_E_CONTAINER_NAME' });
    expect(tries).to.equal(1);
    expect(await work(request())).to.equal(first);
  });
});
