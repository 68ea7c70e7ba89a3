import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import type { TraceEvent } from '../../../ts/api/types.ts';
import { cli } from '../../support/cli.ts';
import { requires } from '../../support/require.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

/** Nanoseconds, which is what the kernel's clock gave. */
const ns = (us = 0) => Math.round(us * 1000);

describe('the trace of a real start', () => {
  requires('privilege', 'addon', 'overlay', 'cli');
  const directory = temporaryDirectory();
  let file = '';
  let events: TraceEvent[] = [];

  async function ok(...argv: string[]): Promise<string> {
    const { code, stdout, stderr } = await cli(directory(), argv);
    expect(code, stderr).to.equal(0);
    return stdout;
  }

  beforeEach(async () => {
    file = join(directory(), 'start.json');
    const volumes = ['-v', 'data:/test', '-v', '/usr:/host-usr:ro'];
    await ok('run', '--rm', '--name', 'traced', '--trace', file, ...volumes, 'host', 'true');
    ({ traceEvents: events } = JSON.parse(readFileSync(file, 'utf8')));
  });

  it('explains all the time from the call to the application: each step begins where another ended', () => {
    const steps = events.filter(({ ph, cat }) => ph === 'X' && cat !== 'start');
    const ends = new Set(steps.map(({ ts, dur }) => ns(ts + (dur ?? 0))));
    const [first, ...others] = [...steps].sort((a, b) => a.ts - b.ts);
    expect(first?.name).to.equal('node');
    const unexplained = others.filter(({ ts }) => ![-1, 0, 1].some((off) => ends.has(ns(ts) + off)));
    expect(unexplained.map(({ name }) => name)).to.deep.equal([]);
    const whole = events.find(({ cat }) => cat === 'start');
    expect(whole?.name).to.equal('start traced');
    // The request was parsed before the store was opened.
    expect(ns(whole?.ts)).to.equal(ns(steps.find(({ cat }) => cat === 'create')?.ts));
  });

  it('has the steps of the caller, then those of the kernel and the process, and what came after', () => {
    const names = events.filter(({ ph }) => ph === 'X').map(({ cat, name }) => `${cat} ${name}`);
    const order = [
      ...[
        'program node',
        'program load',
        'program open',
        'create image',
        'create user',
        'create sources',
        'create settings',
        'create container',
        'create volumes',
        'create pause',
      ],
      ...['call claim', 'call plan', 'call call', 'call queue', 'launch clone'],
      ...['prepare overlay', 'prepare bind', 'enter root', 'enter attach', 'enter pivot', 'enter exec', 'after report'],
    ];
    const found = order.map((one) => names.indexOf(one));
    expect(found, names.join('\n')).to.deep.equal([...found].sort((a, b) => a - b));
    expect(found[0]).to.equal(0);
  });

  it('is printed as a waterfall, the volumes before the change of root', async () => {
    const text = await ok('trace', file);
    expect(text).to.match(/^start of traced \(host\): \d+\.\d{3} ms from the call/);
    const lines = text.split('\n');
    const at = (...words: string[]) => {
      const index = lines.findIndex((line) => words.every((word) => line.includes(word)));
      expect(index, words.join(' ')).to.be.above(0);
      return index;
    };
    const order = [
      at('the command begins'),
      at('the container is made'),
      at('the kernel makes the process'),
      at(' overlay '),
      at(' root ', 'root filesystem'),
      at(' attach ', 'volume data'),
      at(' pivot '),
      at(' exec ', 'application'),
      at('afterwards'),
    ];
    expect(order).to.deep.equal([...order].sort((a, b) => a - b));
    const all = await ok('trace', '--all', file);
    const steps = events.filter(({ ph, cat }) => ph === 'X' && cat !== 'start').length;
    expect(all.split('\n').filter((line) => /^ *-?\d+\.\d{3} +\d+\.\d{3} /.test(line))).to.have.length(steps);
  });

  it('is drawn as a picture, and refused when it was cut off', async () => {
    const picture = join(directory(), 'start.svg');
    await ok('trace', file, '--svg', picture);
    expect(readFileSync(picture, 'utf8'))
      .to.match(/^<svg .*<\/svg>\n$/s)
      .and.include('attach: volume data');
    writeFileSync(file, readFileSync(file).subarray(0, 1000));
    const { code, stderr } = await cli(directory(), ['trace', file]);
    expect({ code, cut: stderr.includes('it is not JSON, or cut off') }).to.deep.equal({ code: 125, cut: true });
  });

  it('leaves no file where the start was refused, and what was in one before', async () => {
    const none = join(directory(), 'none.json');
    const before = readFileSync(file, 'utf8');
    for (const trace of [none, file]) {
      for (const argv of [
        ['host', '/bin/none'],
        ['no-such-image', 'true'],
      ]) {
        const { code } = await cli(directory(), ['run', '--rm', '--trace', trace, ...argv]);
        expect(code).to.be.oneOf([125, 127]);
      }
    }
    expect(existsSync(none)).to.equal(false);
    expect(readFileSync(file, 'utf8')).to.equal(before);
    writeFileSync(file, 'x'.repeat(1 << 20));
    await ok('run', '--rm', '--trace', file, 'host', 'true');
    expect(JSON.parse(readFileSync(file, 'utf8'))).to.have.property('traceEvents');
  });
});
