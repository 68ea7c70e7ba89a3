import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { cli, cliPath } from '../../support/cli.ts';
import { mountTable } from '../../support/mounts.ts';
import { requires } from '../../support/require.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

interface Event {
  readonly name: string;
  readonly ph: string;
  readonly ts: number;
  readonly dur: number;
  readonly args: { readonly reason?: string };
}

/** Index of the first line that has all of the words; fails when there is none. */
function find(lines: readonly string[], ...words: string[]): number {
  const index = lines.findIndex((line) => words.every((word) => line.includes(word)));
  expect(index, `a line with ${words.join(' and ')}`).to.be.at.least(0);
  return index;
}

describe('the moment of the volume mount', () => {
  requires('privilege', 'addon', 'overlay', 'cli', 'strace');
  const directory = temporaryDirectory();

  it('is printed by plan, which makes nothing', async () => {
    await cli(directory(), ['images']);
    const list = () => readdirSync(directory(), { recursive: true, encoding: 'utf8' }).sort();
    const before = list();
    const { code, stdout } = await cli(directory(), ['plan', '-v', 'data:/test', 'host', 'true']);
    expect(code).to.equal(0);
    const lines = stdout.split('\n');
    const order = [
      find(lines, ' overlay '),
      find(lines, ' root ', 'overlay on '),
      find(lines, ' attach ', 'on /test', 'volume data'),
      find(lines, ' pivot '),
      find(lines, ' exec '),
    ];
    expect(order).to.deep.equal([...order].sort((a, b) => a - b));
    expect(list()).to.deep.equal(before);
    expect(existsSync(join(directory(), 'volumes/data'))).to.equal(false);
  });

  it('is timed by --trace, operation by operation', async () => {
    const file = join(directory(), 'trace.json');
    const run = await cli(directory(), ['run', '--rm', '--trace', file, '-v', 'data:/test', 'host', 'true']);
    expect(run.code, run.stderr).to.equal(0);
    const { traceEvents } = JSON.parse(readFileSync(file, 'utf8')) as { traceEvents: Event[] };
    const steps = traceEvents.filter((event) => event.ph === 'X');
    const at = (name: string, reason?: string) => {
      const found = steps.filter(
        (event) => event.name === name && (reason === undefined || event.args.reason === reason),
      );
      expect(found, `${name} ${reason ?? ''}`).to.have.length(1);
      return found[0]?.ts ?? 0;
    };
    const times = [at('overlay'), at('root'), at('attach', 'volume data'), at('pivot'), at('exec')];
    expect(times).to.deep.equal([...times].sort((a, b) => a - b));
    for (const { dur } of steps) expect(dur).to.be.at.least(0);
  });

  it('is where strace sees it: after the union, before the change of root and the execve', () => {
    const log = join(directory(), 'strace.txt');
    const before = mountTable();
    execFileSync(
      'strace',
      [
        ...['-f', '-qq', '-s', '256', '-o', log],
        ...['-e', 'trace=fsopen,fsmount,open_tree,move_mount,mount,pivot_root,execve'],
        ...[process.execPath, cliPath, '--root', directory(), 'run', '--rm', '-v', 'data:/test', 'host', 'true'],
      ],
      { stdio: ['ignore', 'ignore', 'pipe'] },
    );
    expect(mountTable()).to.equal(before);
    const all = readFileSync(log, 'utf8').split('\n');
    const child = /^(\d+) +pivot_root\(/.exec(all[find(all, 'pivot_root(')] ?? '')?.[1] ?? '';
    const lines = all.filter((line) => line.startsWith(`${child} `));
    const older = process.env.ORLOP_FEATURES === '0';
    const union = older ? find(lines, 'mount("overlay"') : find(lines, 'fsopen("overlay"');
    const attaching = older ? /mount\(.*MS_BIND/ : /move_mount\(/;
    // The union itself, and then the volume.
    const attached = lines.flatMap((line, index) => (index >= union && attaching.test(line) ? [index] : []));
    if (older) attached.unshift(union);
    const pivot = find(lines, 'pivot_root(');
    const application = lines.findIndex((line) => /execve(at)?\(.*"true"/.test(line));
    expect(attached.length).to.be.above(1);
    expect(union).to.be.at.most(attached[0] ?? 0);
    expect(attached[1]).to.be.below(pivot);
    expect(pivot).to.be.below(application);
    // The private copy comes before anything is mounted.
    expect(find(lines, 'mount(', 'MS_REC|MS_PRIVATE')).to.be.below(union);
  });
});
