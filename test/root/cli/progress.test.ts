import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, openSync, readdirSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { cliPath } from '../../support/cli.ts';
import { requires } from '../../support/require.ts';
import { temporaryDirectory, until } from '../../support/temporary.ts';
import { kill } from '../../support/workers.ts';

const clearLine = '\r\x1b[K';

describe('progress on a terminal', () => {
  requires('privilege', 'addon', 'archive', 'cli');
  const directory = temporaryDirectory();
  const at = (name: string) => join(directory(), name);
  let child: ChildProcess | undefined;
  let pipe: number;
  let tar: Buffer;
  let fed: number;
  let screen: string;

  beforeEach(() => {
    execFileSync('bash', ['-euc', 'cd "$1"; mkfifo in; truncate -s 40M big; tar -cf big.tar big', 'bash', directory()]);
    tar = readFileSync(at('big.tar'));
    pipe = openSync(at('in'), constants.O_RDWR | constants.O_NONBLOCK);
    fed = 0;
    screen = '';
  });
  afterEach(async () => {
    closeSync(pipe);
    if (child !== undefined) await kill(child);
  });

  /** Runs a command line of a shell on a terminal of 60 columns; `orlop` in it is orlop. */
  function onTerminal(line: string): ChildProcess {
    const orlop = `orlop() { '${process.execPath}' -- '${cliPath}' --root '${at('store')}' "$@"; }`;
    child = spawn('script', ['-qec', `bash -c 'stty cols 60; eval "$LINE"'`, '/dev/null'], {
      env: { ...process.env, LINE: `${orlop}; ${line}`, TERM: 'xterm', SHELL: '/bin/sh' },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      screen += text;
    });
    return child;
  }

  /** Feeds the pipe as fast as it is read, until `condition`. */
  const feedUntil = (what: string, condition: () => boolean) =>
    until(what, () => {
      try {
        if (!condition()) fed += writeSync(pipe, tar, fed, 4096);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
      }
      return condition();
    });

  /** Feeds the rest, and closes the pipe. */
  async function feedRest(): Promise<void> {
    const rest = spawn('bash', ['-c', `tail -c +${fed + 1} '${at('big.tar')}' > '${at('in')}'`]);
    await once(rest, 'exit');
    closeSync(pipe);
    pipe = openSync('/dev/null', 'r');
  }

  it('is a line that is drawn again, and cleared before the result', async () => {
    const terminal = onTerminal(`orlop import - big < '${at('in')}'`);
    await feedUntil('the line is drawn twice', () => screen.split('importing  ').length > 2);
    await feedRest();
    expect(await once(terminal, 'close')).to.deep.equal([0, null]);
    const [before = '', after = ''] = screen.split(clearLine);
    expect(before).to.match(/^(\r\x1b\[\?7limporting {2}[\d.]+[kM]?B( of 42MB {2}100%)?\x1b\[K\x1b\[\?7h)+$/);
    expect(after).to.match(/^sha256:[0-9a-f]{64}\r\n$/);
  });

  it('is cleared by Ctrl-C, which ends the command without an image', async () => {
    const terminal = onTerminal(`orlop import - big < '${at('in')}'; echo "status $?"`);
    await feedUntil('the line is drawn', () => screen.includes('importing'));
    terminal.stdin?.write('\x03');
    await once(terminal, 'close');
    expect(screen).to.match(/\x1b\[\?7h(\^C)?\r\x1b\[K/);
    expect(screen.slice(screen.lastIndexOf(clearLine))).not.to.include('importing');
    expect(readdirSync(at('store/images'))).to.deep.equal(['tags']);
  });

  for (const [what, line] of [
    ['with --quiet', 'orlop import --quiet - big'],
    ['where standard error is a file', 'orlop import - big 2> err'],
  ] as const) {
    it(`is not shown ${what}`, async () => {
      const terminal = onTerminal(`cd '${directory()}'; ${line} < in`);
      // Half a second and more: a step of the wait takes 5 ms.
      await feedUntil('the line would be drawn', () => fed > 4096 * 150);
      await feedRest();
      expect(await once(terminal, 'close')).to.deep.equal([0, null]);
      expect(screen).to.match(/^sha256:[0-9a-f]{64}\r\n$/);
    });
  }
});
