import { spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import type { StartOptions } from '../../../../ts/api/types.ts';
import { RequestError } from '../../../../ts/errors/index.ts';
import { fakeContainer, orlop } from '../../../support/fake-orlop.ts';
import { until } from '../../../support/temporary.ts';

const ended = { exitCode: 0, signal: null };

describe('signals sent to orlop run', () => {
  for (const [sent, received] of [
    [['SIGTERM'], ['SIGTERM']],
    [
      ['SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2'],
      ['SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2'],
    ],
    [
      ['SIGINT', 'SIGINT', 'SIGINT'],
      ['SIGINT', 'SIGINT', 'SIGKILL'],
    ],
  ] as const) {
    it(`reach the application: ${sent.join(' ')} as ${received.join(' ')}`, async () => {
      const signals = new EventEmitter();
      const got: (number | string)[] = [];
      let end: (status: { exitCode: number; signal: null }) => void = () => undefined;
      const exit = new Promise<{ exitCode: number; signal: null }>((resolve) => {
        end = resolve;
      });
      let isStarted = false;
      const container = fakeContainer(exit, got);
      const create = () => ({
        ...container,
        start: (options: StartOptions) =>
          container.start(options).finally(() => {
            setImmediate(() => {
              isStarted = true;
            });
          }),
      });
      const result = orlop(['run', 'host'], { signals, library: { createRequested: create } });
      await until('the container runs', () => isStarted);
      for (const signal of sent) signals.emit(signal, signal);
      end({ exitCode: 143, signal: null });
      expect((await result).status).to.equal(143);
      expect(got).to.deep.equal(received);
      expect(signals.eventNames(), 'listeners that are left').to.deep.equal([]);
    });
  }

  for (const [terminal, script, told, ...options] of [
    [true, 'echo ready; exec cat', 1],
    [true, 'echo ready; exec cat', 0, '--pid=host'],
    [true, 'trap : INT; echo ready; read line', 0],
    [false, 'echo ready; exec cat', 0],
  ] as const) {
    it(`${told ? 'are' : 'are not'} told of once where '${script}' gets Ctrl-C${terminal ? ' from a terminal' : ''} ${options}`, async () => {
      const child = spawn('sh', ['-c', script], { stdio: ['pipe', 'pipe', 'inherit'] });
      try {
        await until('it is what it will be', () => !script.includes('cat') || nameOf(child.pid) === 'cat');
        await once(child.stdout, 'data');
        const signals = new EventEmitter();
        const got: (number | string)[] = [];
        // Of a moment before the start is known to have succeeded: they are kept for the application.
        const start = async () => {
          for (let count = 0; count < 3; count++) signals.emit('SIGINT', 'SIGINT');
          return { ...(await container.start()), pid: child.pid };
        };
        const container = fakeContainer(ended, got);
        const create = () => ({ ...container, start });
        const { status, stderr } = await orlop(['run', ...options, 'host'], {
          signals,
          terminal,
          library: { createRequested: create },
        });
        expect({ status, got }).to.deep.equal({ status: 0, got: ['SIGINT', 'SIGINT', 'SIGKILL'] });
        expect(stderr.match(/Ctrl-C does nothing: .*\n.*the third one kills it/g) ?? []).to.have.length(told);
      } finally {
        child.kill('SIGKILL');
      }
    });
  }

  /** A start that lasts until it is aborted; `during` is called in it. */
  function lasting(during: (signal: AbortSignal | undefined) => void) {
    return () => ({
      ...fakeContainer(ended),
      start: ({ signal }: StartOptions) =>
        new Promise((_, reject) => {
          signal?.addEventListener('abort', () => reject(new RequestError('ORLOP_E_ABORTED', 'the start was ended')));
          during(signal);
        }),
    });
  }

  it('end a start that lasts: a second one at once', async () => {
    const signals = new EventEmitter();
    const create = lasting((signal) => {
      for (const name of ['SIGUSR1', 'SIGUSR1', 'SIGTERM']) signals.emit(name, name);
      expect(signal?.aborted).to.equal(false);
      signals.emit('SIGINT', 'SIGINT');
    });
    expect(await orlop(['run', 'host'], { signals, library: { createRequested: create } })).to.deep.include({
      status: 125,
      stderr: 'orlop: the start was ended\n',
    });
  });

  it('end a start that lasts: one after a while', async () => {
    const signals = new EventEmitter();
    const create = lasting(() => signals.emit('SIGTERM', 'SIGTERM'));
    expect((await orlop(['run', 'host'], { signals, library: { createRequested: create } })).status).to.equal(125);
  });

  it('are kept for the application when they come before the start is known to have succeeded', async () => {
    const signals = new EventEmitter();
    const got: (number | string)[] = [];
    const container = fakeContainer({ exitCode: 9, signal: null }, got);
    const create = () => ({
      ...container,
      start: async (options: StartOptions) => {
        signals.emit('SIGTERM', 'SIGTERM');
        await new Promise(setImmediate);
        expect(options.signal?.aborted).to.equal(false);
        return container.start(options);
      },
    });
    expect((await orlop(['run', 'host'], { signals, library: { createRequested: create } })).status).to.equal(9);
    expect(got).to.deep.equal(['SIGTERM']);
  });
});

function nameOf(pid: number | undefined): string {
  return readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
}
