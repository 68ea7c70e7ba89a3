import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { loadNative } from '../../ts/native/binding.ts';
import {
  type Change,
  type LaunchOptions,
  type NativeCommand,
  type NativePrepared,
  type PrepareOptions,
  stdioSource,
} from '../../ts/native/contract.ts';
import { encodePlan } from '../../ts/plan/encode.ts';
import { hole } from '../../ts/plan/holes.ts';
import type { Op, Supplied } from '../../ts/plan/types.ts';
import { fileIdentity } from '../../ts/store/file-identity.ts';
import { tryLock } from '../../ts/store/lock.ts';
import { launchPrepared, prepare } from '../support/launch.ts';
import { requires } from '../support/require.ts';
import { newChildren, plainPlan, started } from '../support/starts.ts';
import { temporaryDirectory } from '../support/temporary.ts';

const { nothingToRead, nothingToWrite, pipeFromApplication } = stdioSource;

const stdio: readonly Supplied[] = ['stdin', 'stdout', 'stderr'];

/** A plan of a script with its three standard streams. */
function planOf(script: string, more: readonly Supplied[] = []) {
  const step = { op: 'stdio', in: 0, out: 1, err: 2, scratch: null } as const;
  return plainPlan({ argv: ['/bin/sh', '-c', script], supplied: [...stdio, ...more], steps: [step] });
}

/** ID, short ID, name and the time of creation of one of many; the first two as long as their holes in a plan. */
function valuesFor(number: number): string[] {
  const id = String(number).padStart(64, '0');
  return [id, id.slice(-12), `name ${number}`, ''];
}

const onExit = { collect: true, reportWithExit: true, limit: 1_000_000 };
const descriptors = [nothingToRead, pipeFromApplication, nothingToWrite];

describe('a prepared start', function () {
  this.timeout(60_000);
  requires('addon', 'root');
  const directory = temporaryDirectory();
  const at = (...names: string[]) => join(directory(), ...names);
  const native = loadNative;

  const prepared = (script: string, options: Partial<PrepareOptions> = {}) =>
    prepare(native(), planOf(script), options);

  const launch = (start: NativePrepared, options: Partial<LaunchOptions> & { token?: object } = {}) =>
    launchPrepared(native(), start, { descriptors, onExit, ...options });

  /** What an application writes that is expected to succeed. */
  async function outputOf(start: NativePrepared, options: Partial<LaunchOptions> = {}): Promise<string | undefined> {
    const ended = await (await launch(start, options)).ended;
    expect([ended?.exit.code, ended?.overflow, ended?.failure]).to.deep.equal([0, null, null]);
    return ended?.outputs[0]?.toString();
  }

  const rejection = (pending: Promise<unknown>) =>
    pending.then(
      () => 'it was not rejected',
      (error: unknown) => error,
    );

  describe('with holes', () => {
    /** Says in all that has holes what the values are. */
    const everywhere = () =>
      prepared(`echo ${hole.id} ${hole.shortId} ${hole.id}`, {
        created: [
          ['mkdir', at(hole.shortId), 0o700],
          ['write', at(hole.shortId, `created-${hole.name}`), `${hole.id} and ${hole.id}`, 0o600],
          ['rename', at(hole.shortId, `created-${hole.name}`), at(hole.shortId, `made-${hole.name}`)],
        ],
        running: {
          path: at(hole.shortId, `state-${hole.name}`),
          head: `{"name":"${hole.name}",`,
          tail: `,"id":"${hole.id}","created":"${hole.created}"}`,
          durable: false,
        },
        ended: [['write', at(hole.shortId, 'ended'), `${hole.name}${hole.created}${hole.name}`, 0o600]],
      });

    it('is filled with the values of a launch: in its plan, its changes, and the running state', async () => {
      const start = everywhere();
      for (const number of [1, 2]) {
        const [id = '', shortId = '', name = ''] = valuesFor(number);
        const result = await launch(start, { values: valuesFor(number), create: true });
        const end = await result.ended;
        expect(end?.outputs[0]?.toString()).to.equal(`${id} ${shortId} ${id}\n`);
        expect([end?.exit.code, end?.failure]).to.deep.equal([0, null]);
        const { pid, startTime } = started(result);
        const text = (file: string) => readFileSync(at(shortId, file), 'utf8');
        expect(text(`made-${name}`)).to.equal(`${id} and ${id}`);
        expect(JSON.parse(text(`state-${name}`))).to.deep.equal({ name, pid, startTime, id, created: '' });
        expect(text('ended')).to.equal(`${name}${name}`);
      }
    });

    it('is launched many times at once', async () => {
      const start = everywhere();
      const numbers = Array.from({ length: 40 }, (_, index) => 100 + index);
      const texts = await Promise.all(
        numbers.map((number) => outputOf(start, { values: valuesFor(number), create: true })),
      );
      const expected = numbers.map((number) => {
        const [id, shortId] = valuesFor(number);
        return `${id} ${shortId} ${id}\n`;
      });
      expect(texts).to.deep.equal(expected);
    });

    it('can be cancelled while the application runs', async () => {
      const start = prepared(`: > ${at(`runs-${hole.shortId}`)}; exec sleep 1000`);
      const token = {};
      const launched = launch(start, { values: valuesFor(4), token });
      while (!existsSync(at(`runs-${valuesFor(4)[1]}`))) await new Promise((resolve) => setImmediate(resolve));
      native().cancel(token);
      const { ended } = await launched;
      expect((await ended)?.exit).to.include({ code: null, signal: 9 });
    });

    it('takes no value of another length in its plan, and any in its changes', async () => {
      const start = prepared(`echo ${hole.id}`, { created: [['write', at('made'), hole.shortId, 0o600]] });
      const id = valuesFor(5)[0] ?? '';
      for (const wrong of ['', 'short', id.slice(1), `${id}0`, 'ü'.repeat(64)]) {
        const error = await rejection(launch(start, { values: [wrong, ''], create: true }));
        expect(error).to.be.instanceOf(TypeError).with.property('message', 'a value has the length of its hole');
      }
      expect(existsSync(at('made'))).to.equal(false);
      expect(await outputOf(start, { values: [id, 'of another length'], create: true })).to.equal(`${id}\n`);
      expect(readFileSync(at('made'), 'utf8')).to.equal('of another length');
    });

    it('takes no fewer values than its holes, wherever they are', async () => {
      const change = (text: string): Change[] => [['write', at('made'), text, 0o600]];
      const running = { path: at('state'), head: '{', tail: '}', durable: false };
      const last = hole.name;
      for (const options of [
        { checks: change(last) },
        { created: change(last) },
        { created: [['rename', at('a'), at(last)]] as const },
        { ended: change(last) },
        { background: change(last) },
        { running: { ...running, path: at(last) } },
        { running: { ...running, head: last } },
        { running: { ...running, tail: last } },
      ]) {
        const error = await rejection(launch(prepared('true', options), { values: ['', ''] }));
        expect(error, JSON.stringify(options)).to.be.instanceOf(TypeError);
        expect(error).to.have.property('message', 'each hole has a value');
      }
      expect(await rejection(launch(prepared(`echo ${hole.shortId}`), { values: ['0'] }))).to.be.instanceOf(TypeError);
      expect(existsSync(at('made'))).to.equal(false);
    });

    it('takes no value that holds a NUL, or that is no text', async () => {
      const start = prepared(`echo ${hole.id}`);
      const id = valuesFor(7)[0] ?? '';
      for (const values of [[`${id.slice(1)}\0`], [7], [undefined], 'values', undefined]) {
        const error = await rejection(launch(start, { values: values as string[] }));
        expect(error).to.be.instanceOf(TypeError).with.property('message', 'values are an array of texts');
      }
    });

    it('is refused where a NUL in a text is no hole', () => {
      const running = { path: at('state'), head: '{', tail: '}', durable: false };
      for (const nul of ['\0', 'a\0b', `${hole.id}\0`, '\0\x001', '\0:', '\0/']) {
        for (const options of [
          { checks: [['absent', at(nul)]] as const },
          { created: [['write', at('made'), nul, 0o600]] as const },
          { created: [['rename', at('made'), at(nul)]] as const },
          { ended: [['unlink', at(nul)]] as const },
          { background: [['remove', at(nul)]] as const },
          { running: { ...running, path: at(nul) } },
          { running: { ...running, head: nul } },
          { running: { ...running, tail: nul } },
        ]) {
          expect(() => prepared('true', options), JSON.stringify(options)).to.throw(TypeError);
        }
      }
    });
  });

  describe('with a command', () => {
    const start = () => prepared('echo of the plan; exit 3');
    const command = (argv: readonly string[], env: readonly string[] = [], candidates = argv.slice(0, 1)) => ({
      candidates,
      argv,
      env,
    });

    it('executes that, and what the plan says without one', async () => {
      const both = prepare(
        native(),
        plainPlan({
          argv: ['/bin/echo', 'of the plan'],
          supplied: stdio,
          steps: [{ op: 'stdio', in: 0, out: 1, err: 2, scratch: null }],
        }),
      );
      expect(await outputOf(both)).to.equal('of the plan\n');
      const other = command(
        ['zero', '-c', 'echo "$0 $1 $A"; env', 'zero', 'one'],
        ['A=1', 'B=2'],
        ['/no/sh', '/bin/sh'],
      );
      expect(await outputOf(both, { command: other }))
        .to.match(/^zero one 1\n/)
        .and.include('A=1\nB=2\n');
      expect(await outputOf(both)).to.equal('of the plan\n');
    });

    it('executes it with an empty environment, and with empty texts', async () => {
      expect(await outputOf(start(), { command: command(['/usr/bin/env']) })).to.equal('');
      const script = 'printf "<%s>" "$@"';
      const argv = ['/bin/sh', '-c', script, '', '', 'x', ''];
      expect(await outputOf(start(), { command: command(argv, ['EMPTY=']) })).to.equal('<><x><>');
    });

    it('executes one with thousands of arguments and variables', async () => {
      const words = Array.from({ length: 8000 }, (_, index) => `word ${index} ${'é'.repeat(20)}`);
      const env = Array.from({ length: 2000 }, (_, index) => `V${index}=${'v'.repeat(50)}`);
      const script = 'echo $# "$1"; shift 7999; echo "$1"; env | grep -c ^V';
      const argv = ['/bin/sh', '-c', script, '0', ...words];
      const text = await outputOf(start(), { command: command(argv, env) });
      expect(text).to.equal(`8000 ${words[0]}\n${words[7999]}\n2000\n`);
    });

    it('fills its other holes as without one', async () => {
      const plan = { ...planOf('true'), namespaces: ['mount', 'uts'] as const };
      const hostname: Op = { op: 'hostname', reason: '', name: hole.shortId, optional: 0 };
      const enter = [...plan.enter.slice(0, -1), hostname, ...plan.enter.slice(-1)];
      const named = prepare(native(), { ...plan, enter });
      const options = { values: valuesFor(8), command: command(['/bin/hostname']) };
      expect(await outputOf(named, options)).to.equal(`${valuesFor(8)[1]}\n`);
    });

    it('refuses one that is larger than a plan may be', async () => {
      const text = 'x'.repeat(100_000);
      for (const part of ['candidates', 'argv', 'env'] as const) {
        const large = { ...command(['/bin/true']), [part]: Array<string>(42).fill(text) };
        const error = await rejection(launch(start(), { command: large }));
        expect(error).to.be.instanceOf(TypeError);
        expect(error).to.have.property('message').that.includes('too large');
      }
      const many = command(['/bin/true', ...Array<string>(500_000).fill('word')]);
      expect(await rejection(launch(start(), { command: many }))).to.be.instanceOf(TypeError);
    });

    it('tells what the kernel refuses of it', async () => {
      // A single argument may take 32 pages.
      const long = command(['/bin/true', 'x'.repeat(131_072)]);
      expect((await launch(start(), { command: long })).failure).to.include({ code: 'E2BIG' });
      const missing = command(['/no/such/program']);
      expect((await launch(start(), { command: missing })).failure).to.include({ code: 'ENOENT' });
    });

    it('refuses one where the plan does not end in one', async () => {
      const enter: Op[] = [
        { op: 'close-fds', reason: '' },
        { op: 'exec-file', reason: '', file: 0, argv: ['true'] },
      ];
      const plan = { strategy: 'in-child', namespaces: ['mount'], supplied: [], slots: 1, prepare: [], enter } as const;
      for (const other of [plan, { ...plan, enter: [] }]) {
        const options = { descriptors: [], command: command(['/bin/true']) };
        const error = await rejection(launch(prepare(native(), other), options));
        expect(error).to.be.instanceOf(TypeError).with.property('message', 'the plan does not end in exec');
      }
    });

    it('refuses what throws when it is read', async () => {
      const throwing = new Proxy([], {
        get(_, name) {
          if (name === 'length') return 1;
          throw new Error(String(name));
        },
      });
      for (const part of ['candidates', 'argv', 'env'] as const) {
        const error = await rejection(launch(start(), { command: { ...command(['/bin/true']), [part]: throwing } }));
        expect(error).to.be.instanceOf(TypeError);
      }
      expect(() => prepared('true', { checks: throwing })).to.throw(TypeError);
    });

    it('refuses what is none', async () => {
      const right = command(['/bin/true']);
      for (const wrong of [
        null,
        7,
        [],
        {},
        { ...right, candidates: undefined },
        { ...right, argv: 'true' },
        { ...right, env: [7] },
        { ...right, argv: ['/bin/true', 'a\0b'] },
        { ...right, env: ['A=\0'] },
        { ...right, candidates: ['/bin/\x000'] },
      ]) {
        const error = await rejection(launch(start(), { command: wrong as NativeCommand }));
        expect(error, JSON.stringify(wrong)).to.be.instanceOf(TypeError);
      }
    });
  });

  describe('with checks', () => {
    const identityOf = (path: string) => fileIdentity(statSync(path, { bigint: true }));

    it('is launched while they hold, and makes nothing once one does not', async () => {
      writeFileSync(at('file'), '');
      const children = newChildren();
      const start = prepared('true', {
        checks: [['same', at('file'), identityOf(at('file'))]],
        created: [['mkdir', at(hole.name), 0o700]],
        running: { path: at(hole.name, 'state'), head: '{', tail: '}', durable: false },
        ended: [['mkdir', at(hole.name, 'ended'), 0o700]],
      });
      await outputOf(start, { values: ['', '', 'one'], create: true });
      expect([existsSync(at('one', 'state')), existsSync(at('one', 'ended'))]).to.deep.equal([true, true]);
      writeFileSync(at('file'), 'another');
      for (const create of [true, false]) {
        const error = await rejection(launch(start, { values: ['', '', 'two'], create }));
        expect(error).to.include({ code: 'ESTALE', syscall: 'stat', path: at('file') });
      }
      expect(existsSync(at('two'))).to.equal(false);
      expect(children()).to.deep.equal([]);
    });

    it('makes nothing where a file is missing', async () => {
      const start = prepared('true', {
        checks: [['same', at(hole.name), '1 2 3 4']],
        created: [['mkdir', at('made'), 0o700]],
      });
      const error = await rejection(launch(start, { values: ['', '', 'missing'], create: true }));
      expect(error).to.include({ code: 'ENOENT', syscall: 'stat', path: at('missing') });
      expect(existsSync(at('made'))).to.equal(false);
    });

    it('makes nothing while another holds a lock alone that it shares', async () => {
      mkdirSync(at('locks'));
      const path = at('locks', 'one.lock');
      const start = prepared('true', { checks: [['share', path]], created: [['mkdir', at('made'), 0o700]] });
      const alone = tryLock(native(), path, 'exclusive');
      const error = await rejection(launch(start, { create: true }));
      expect(error).to.include({ code: 'EAGAIN', syscall: 'flock', path });
      expect(existsSync(at('made'))).to.equal(false);
      await alone?.release();
      const others = tryLock(native(), path, 'shared');
      await outputOf(start, { create: true });
      expect(existsSync(at('made'))).to.equal(true);
      await others?.release();
    });

    it('holds what they lock until the container is made, and no longer', async () => {
      mkdirSync(at('locks'));
      const path = at('locks', 'one.lock');
      // The change fails where the lock of the check is not held any more.
      const start = prepared('true', { checks: [['share', path]], created: [['lock', path]] });
      expect(await rejection(launch(start, { create: true }))).to.include({ code: 'EAGAIN', syscall: 'flock' });
      await outputOf(start);
      await tryLock(native(), path, 'exclusive')?.release();
    });
  });

  it('makes the container only for a launch that says so', async () => {
    const start = prepared('true', { created: [['mkdir', at(hole.name), 0o700]] });
    for (const [name, create] of [
      ['none', undefined],
      ['no', false],
      ['yes', true],
    ] as const) {
      await outputOf(start, { values: ['', '', name], create });
      expect(existsSync(at(name)), name).to.equal(create === true);
    }
  });

  it('takes descriptors that the addon gave', async () => {
    const given = () => {
      const [read, write] = native().pipe();
      native().closeSync(write);
      return [read];
    };
    const start = prepare(native(), planOf('true', ['network']));
    await outputOf(start, { taken: given() });
    expect(await rejection(launch(prepared('true'), { taken: given() }))).to.be.instanceOf(TypeError);
  });

  it('is not disturbed by a caller that writes to the plan or the holes afterwards', async () => {
    const plan = encodePlan(planOf(`echo ${hole.id}`));
    const holes = [...plan.holes];
    const start = native().prepare(plan.bytes, { holes, features: native().features() });
    plan.bytes.fill(0xff);
    holes.fill(0);
    const values = valuesFor(9);
    expect(await outputOf(start, { values })).to.equal(`${values[0]}\n`);
  });

  it('is refused where it is none', () => {
    const { bytes, holes } = encodePlan(planOf(`echo ${hole.id}`));
    const right = { holes, features: native().features() };
    const wrong: [unknown, unknown][] = [
      [new Uint8Array(4), right],
      [bytes.subarray(0, bytes.length - 4), right],
      [new Uint16Array(100), right],
      ['plan', right],
      [bytes, undefined],
      [bytes, {}],
      [bytes, { ...right, features: '7' }],
      [bytes, { ...right, holes: 7 }],
      [bytes, { ...right, holes: ['0', '1', '2'] }],
      [bytes, { ...right, holes: [100, 12, 10] }],
      [bytes, { ...right, holes: [-1, 12, 0] }],
      [bytes, { ...right, holes: [bytes.length - 11, 12, 0] }],
      [bytes, { ...right, holes: [100, bytes.length, 0] }],
      [bytes, { ...right, checks: 1 }],
      [bytes, { ...right, checks: [['chmod', '/x']] }],
      [bytes, { ...right, created: [['mkdir', 'relative', 1]] }],
      [bytes, { ...right, ended: [null] }],
      [bytes, { ...right, background: {} }],
      [bytes, { ...right, running: 1 }],
      [bytes, { ...right, running: { path: '/x', head: '' } }],
    ];
    for (const [plan, options] of wrong) {
      const make = () => native().prepare(plan as Uint8Array, options as PrepareOptions);
      expect(make, JSON.stringify(options)).to.throw(TypeError);
    }
  });

  it('is refused where a hole is not in a text of the plan, or not complete', () => {
    const { bytes } = encodePlan(planOf('true'));
    const [size, numberOfRecords, firstRecord, magic] = [8, 12, 32, 0];
    for (const offset of [magic, size, numberOfRecords, firstRecord, firstRecord + 4]) {
      const make = () => native().prepare(bytes, { holes: [offset, 4, 0], features: native().features() });
      expect(make, `at ${offset}`).to.throw(TypeError);
    }
    const half = () => native().prepare(bytes, { holes: [bytes.length - 1], features: native().features() });
    expect(half).to.throw(TypeError);
  });

  it('is not taken from another object', async () => {
    const other = started(await launchPrepared(native(), prepare(native(), plainPlan({ argv: ['/bin/true'] }))));
    for (const foreign of [{}, null, undefined, 7, native(), other]) {
      const error = await rejection(launch(foreign as unknown as NativePrepared));
      expect(error).to.be.instanceOf(TypeError).with.property('message', 'not a prepared start of this addon');
    }
  });
});
