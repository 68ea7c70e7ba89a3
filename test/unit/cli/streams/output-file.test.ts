import { execFileSync, spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { lstatSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import type { Io } from '../../../../ts/cli/io.ts';
import { withOutput } from '../../../../ts/cli/streams/output-file.ts';
import { RequestError } from '../../../../ts/errors/index.ts';
import { temporaryDirectory } from '../../../support/temporary.ts';

describe('the file of an archive', () => {
  const directory = temporaryDirectory();
  const at = (name: string) => join(directory(), name);
  const signals = new EventEmitter();
  const ended: string[] = [];
  const io = { isTerminal: () => false, signals, endBy: (signal: string) => ended.push(signal) } as unknown as Io;
  const write = (text: string) => async (descriptor: number) => {
    writeSync(descriptor, text);
  };

  it('appears whole, for its owner alone', async () => {
    await withOutput(io, at('new.tar'), async (descriptor) => {
      writeSync(descriptor, 'half');
      expect(readdirSync(directory())).not.to.include('new.tar');
    });
    expect(readFileSync(at('new.tar'), 'utf8')).to.equal('half');
    expect(statSync(at('new.tar')).mode & 0o777).to.equal(0o600);
    expect(readdirSync(directory())).to.deep.equal(['new.tar']);
  });

  it('is replaced where a link leads, and stays where nothing could be written', async () => {
    writeFileSync(at('real.tar'), 'old');
    symlinkSync('real.tar', at('link.tar'));
    const failing = withOutput(io, at('link.tar'), () => Promise.reject(new Error('no')));
    await failing.catch((error: Error) => expect(error.message).to.equal('no'));
    expect(readFileSync(at('real.tar'), 'utf8')).to.equal('old');
    await withOutput(io, at('link.tar'), write('new'));
    expect(lstatSync(at('link.tar')).isSymbolicLink()).to.equal(true);
    expect(readFileSync(at('real.tar'), 'utf8')).to.equal('new');
    expect(readdirSync(directory())).to.deep.equal(['link.tar', 'real.tar']);
  });

  it('is not put in the place of what is none', async () => {
    execFileSync('mkfifo', [at('pipe')]);
    const reader = spawn('cat', [at('pipe')], { stdio: ['ignore', 'pipe', 'inherit'] });
    const closed = once(reader, 'close');
    let read = '';
    reader.stdout.on('data', (chunk) => {
      read += String(chunk);
    });
    await withOutput(io, at('pipe'), write('through'));
    await closed;
    expect(read).to.equal('through');
    expect(lstatSync(at('pipe')).isFIFO()).to.equal(true);
  });

  it('leaves no half of it when a signal ends the program', async () => {
    await withOutput(io, at('new.tar'), async () => {
      signals.emit('SIGTERM', 'SIGTERM');
      expect(readdirSync(directory())).to.deep.equal([]);
      throw new Error('the program has ended');
    }).catch(() => {});
    expect(ended).to.deep.equal(['SIGTERM']);
    expect(signals.listenerCount('SIGTERM')).to.equal(0);
  });

  for (const [what, name, why] of [
    ['a directory', '.', /'.*' cannot be written: it is a directory/],
    ['a place in a directory that is missing', 'none/x.tar', /none\/x\.tar' cannot be written: its directory does not/],
    ['a place below a file', 'file/x.tar', /a part of its path is no directory/],
  ] as const) {
    it(`is refused for ${what}, by the name that was given`, async () => {
      writeFileSync(at('file'), '');
      const refused = withOutput(io, at(name), write('x')).then(
        () => null,
        (error: unknown) => error,
      );
      const error = await refused;
      expect(error).to.be.instanceOf(RequestError);
      expect((error as RequestError).message).to.match(why);
    });
  }
});
