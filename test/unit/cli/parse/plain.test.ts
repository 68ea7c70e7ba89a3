import { expect } from 'chai';
import type { Arguments, CommandModule } from '../../../../ts/cli/command.ts';
import { type CommandEntry, commands } from '../../../../ts/cli/commands.ts';
import type { Io } from '../../../../ts/cli/io.ts';
import { parseCommand, parseGlobals } from '../../../../ts/cli/parse/parse.ts';
import { plainCommand, plainGlobals } from '../../../../ts/cli/parse/plain.ts';

const io = { stdout: { write: () => undefined } } as unknown as Io;

const entry = commands.find(({ name }) => name === 'run') as CommandEntry;
let run: CommandModule;

before(async () => {
  run = (await entry.load()).command;
});

/** What commander makes of it; undefined where it refuses it. */
const parsed = (argv: readonly string[]): Promise<Arguments | null | undefined> =>
  parseCommand(entry, argv, io).catch(() => undefined);

const words = [
  ...['-v', '--volume', '--tmpfs', '--rm', '--name', '-i', '-e', '--env-file', '-u', '-h', '--read-only', '--trace'],
  ...['--net', '-t', '-d', '--help', '--', '-', '--bogus', '-it', '--rm=false', '--name=web', '-e=A', '-v/x', '--cpus'],
  ...['host', 'a:/x', 'sh', '-c', '', 'A=1', '2'],
];

/** The same in every run (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

describe('a plain command line', () => {
  for (const argv of [
    ['host'],
    ['--rm', '-v', 'data:/data', 'host', 'true'],
    ['-v', 'a:/x', '--volume', 'b:/y', '-e', 'A=1', '--env', 'B', '--env-file', 'f', '--read-only', 'host'],
    ['-h', 'web', '--cap-drop', 'ALL', '--name', '--', '-i', 'host', '--rm', '-v', 'x', '--', '-'],
    ['--trace', 'f', '-l', 'a=b', '--label', 'c', '', 'x'],
    ['--name', 'one', '--name', 'two', '-u', '--rm', 'host'],
  ]) {
    it(`is read as commander reads it: ${argv.join(' ')}`, async () => {
      const plain = plainCommand(run, argv);
      expect(plain).to.be.an('object');
      expect(plain).to.deep.equal(await parsed(argv));
    });
  }

  for (const argv of [
    [],
    ['--rm'],
    ['-v'],
    ['-it', 'host'],
    ['--rm=true', 'host'],
    ['--name=web', 'host'],
    ['-v/x', 'host'],
    ['-t', 'host'],
    ['--help'],
    ['--', 'host'],
    ['-', 'host'],
    ['--net', 'none', 'host'],
  ]) {
    it(`is what is not: ${argv.join(' ') || 'nothing'}`, () => {
      expect(plainCommand(run, argv)).to.equal(undefined);
    });
  }

  it('never means anything else than to commander', async () => {
    const random = randomFrom(3);
    let read = 0;
    for (let round = 0; round < 3000; round++) {
      const argv = Array.from(
        { length: 1 + Math.floor(random() * 6) },
        () => words[Math.floor(random() * words.length)] ?? '',
      );
      const plain = plainCommand(run, argv);
      if (plain === undefined) continue;
      read++;
      expect(plain, JSON.stringify(argv)).to.deep.equal(await parsed(argv));
    }
    expect(read).to.be.greaterThan(300);
  });

  for (const argv of [
    ['run', 'host'],
    ['--root', '/r', 'run', '-v', 'x'],
    ['container', 'ls', '-a'],
    ['nope'],
    ['--root', '--x', 'ps'],
  ]) {
    it(`has its command found as commander finds it: ${argv.join(' ')}`, async () => {
      expect(plainGlobals(argv)).to.deep.equal(await parseGlobals(argv, io));
    });
  }

  for (const argv of [
    [],
    ['--help'],
    ['help', 'run'],
    ['--root=/r', 'run'],
    ['--root'],
    ['--root', '/r'],
    ['-v'],
    ['--', 'run'],
  ]) {
    it(`has no command to be found so: ${argv.join(' ') || 'nothing'}`, () => {
      expect(plainGlobals(argv)).to.equal(undefined);
    });
  }
});
