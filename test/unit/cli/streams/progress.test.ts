import { EventEmitter } from 'node:events';
import { expect } from 'chai';
import type { OnProgress } from '../../../../ts/api/types.ts';
import type { Io } from '../../../../ts/cli/io.ts';
import { withProgress } from '../../../../ts/cli/streams/progress.ts';

describe('the progress of a command', () => {
  let written: string[];
  let ended: string[];
  let now: number;
  const signals = new EventEmitter();

  beforeEach(() => {
    written = [];
    ended = [];
    now = 0;
  });

  const ioWith = (parts: object = {}): Io =>
    ({
      env: {},
      isTerminal: (descriptor: number) => descriptor === 2,
      columns: () => 40,
      stderr: { write: (text: string) => written.push(text) },
      now: () => new Date(now),
      signals,
      endBy: (signal: string) => ended.push(signal),
      ...parts,
    }) as unknown as Io;

  const at = (onProgress: OnProgress | undefined, ms: number, bytes: number): void => {
    now = ms;
    onProgress?.({ stage: 'unpack', bytes, totalBytes: 100 });
  };

  it('is one line that is drawn again, and is gone at the end', async () => {
    const result = await withProgress(ioWith(), { label: 'importing x' }, async (onProgress) => {
      for (const [ms, bytes] of [
        [100, 10],
        [600, 60],
        [650, 65],
        [700, 70],
      ] as const)
        at(onProgress, ms, bytes);
      return 'done';
    });
    expect(result).to.equal('done');
    expect(written).to.deep.equal([
      '\r\x1b[?7limporting x  60B of 100B  60%\x1b[K\x1b[?7h',
      '\r\x1b[?7limporting x  70B of 100B  70%\x1b[K\x1b[?7h',
      '\r\x1b[K',
    ]);
    expect(signals.eventNames()).to.deep.equal([]);
  });

  it('does not show where the work is short', async () => {
    await withProgress(ioWith(), { label: 'importing x' }, async (onProgress) => at(onProgress, 499, 100));
    expect(written).to.deep.equal([]);
  });

  it('is cleared before an error is shown', async () => {
    const failing = withProgress(ioWith(), { label: 'x' }, async (onProgress) => {
      at(onProgress, 600, 60);
      throw new Error('no');
    });
    await failing.catch((error: Error) => written.push(error.message));
    expect(written.slice(1)).to.deep.equal(['\r\x1b[K', 'no']);
  });

  it('is cleared before a warning of the process', async () => {
    const heard = process.listenerCount('warning');
    await withProgress(ioWith(), { label: 'x' }, async (onProgress) => {
      at(onProgress, 600, 60);
      // The listeners after it are Node's, which prints the warning, and those of others.
      process.listeners('warning')[0]?.(new Error('there is no end mark'));
    });
    expect(written.slice(1)).to.deep.equal(['\r\x1b[K']);
    expect(process.listenerCount('warning')).to.equal(heard);
  });

  it('is cleared before a signal ends the program', async () => {
    const io = ioWith({ endBy: (signal: string) => written.push(signal) });
    await withProgress(io, { label: 'x' }, async (onProgress) => {
      at(onProgress, 600, 60);
      signals.emit('SIGINT', 'SIGINT');
    });
    expect(written.slice(1)).to.deep.equal(['\r\x1b[K', 'SIGINT']);
  });

  it('cannot control the terminal by the name of a file', async () => {
    await withProgress(ioWith(), { label: 'importing \x1b[2J' }, async (onProgress) => at(onProgress, 600, 1));
    expect(written[0]).to.include('importing \\u001b[2J  1B');
  });

  for (const [what, parts, quiet] of [
    ['standard error is no terminal', { isTerminal: (descriptor: number) => descriptor !== 2 }, false],
    ['the terminal knows no control sequences', { env: { TERM: 'dumb' } }, false],
    ['the caller asks for quiet', {}, true],
  ] as const) {
    it(`is not asked for if ${what}`, async () => {
      const asked = await withProgress(ioWith(parts), { label: 'x', quiet }, async (onProgress) => onProgress);
      expect(asked).to.equal(undefined);
      expect([written, ended]).to.deep.equal([[], []]);
    });
  }
});
