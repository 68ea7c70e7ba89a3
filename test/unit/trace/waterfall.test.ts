import { expect } from 'chai';
import type { ReadTrace } from '../../../ts/trace/read.ts';
import { waterfall } from '../../../ts/trace/waterfall.ts';
import { readSample } from '../../support/sample-trace.ts';

const plain = (_: string, text: string) => text;
const draw = (trace: ReadTrace, width = 100, all = false) =>
  waterfall(trace, { width, all, paint: plain }).split('\n').slice(0, -1);
const step = (name: string, at: number, took: number, reason = 'why', does = '') =>
  ({ phase: 'enter', name, reason, does, at, took }) as const;
const start = (...steps: ReadTrace['steps']): ReadTrace => ({ name: 'web', image: 'host', steps, started: 1000 });

describe('the waterfall of a start', () => {
  it('has a line for each step: offset, duration, bar, name and subject, and marks the slowest', () => {
    const trace = start(step('overlay', 0, 250), step('pivot', 250, 10), step('exec', 500, 500, 'application', 'true'));
    expect(draw(trace, 80)).to.deep.equal([
      "start of web (host): 1.000 ms from the call to the application's first instruction",
      '',
      '       at   took ms',
      '                    enter: the container init process becomes the application',
      '    0.000     0.250 ██████                   * overlay why',
      '    0.250     0.010       ▎                    pivot   why',
      '    0.500     0.500             ████████████ * exec    application: true',
      '',
      '* slowest: exec 0.500 ms (50 %), overlay 0.250 ms (25 %)',
    ]);
  });

  it('keeps to the width, however narrow or wide', () => {
    const trace = readSample(['/test', `/${'long'.repeat(40)}`]);
    for (const width of [20, 30, 40, 50, 60, 80, 100, 200, 400]) {
      for (const line of draw(trace, width).slice(2, -1)) {
        expect([...line].length, `${width}: ${line}`).to.be.at.most(width);
      }
    }
    expect(draw(trace, 30).join('\n')).to.include('overlay');
    expect(draw(trace, 200).join('\n')).to.include('█');
  });

  it('folds runs of like steps, and those of two that take turns, unless all are asked for', () => {
    const targets = Array.from({ length: 100 }, (_, index) => `/v${index}`);
    const trace = readSample(targets);
    const folded = draw(trace);
    const find = (name: string) => folded.filter((line) => new RegExp(`[ *] ${name} `).test(line));
    expect(folded.length).to.be.below(80);
    expect(find('attach').join('\n')).to.match(/volume × 100, longest \/v\d+/);
    const lines = draw(trace, 100, true).filter((line) => /^ +\d+\.\d{3} +\d+\.\d{3} /.test(line));
    expect(lines).to.have.length(trace.steps.length);
  });

  it('tells the sum and the longest of what it folds', () => {
    const mounts = ['/a', '/b', '/c'].map((target, index) =>
      step('bind', index * 100, 100 + index, `volume ${target}`),
    );
    expect(draw(start(...mounts))[4]).to.match(/^ {4}0\.000 {5}0\.303 .*bind volume × 3, longest \/c$/);
    const masks = [0, 1, 2, 3].map((index) => step('mask', index, 1, 'masked path', `/proc/${index}`));
    expect(draw(start(...masks))[4]).to.match(/mask masked path × 4$/);
  });

  it('keeps two of a kind, and what is of another kind', () => {
    const lines = draw(
      start(step('bind', 0, 1, 'volume a'), step('bind', 1, 1, 'volume b'), step('bind', 2, 1, 'default /x')),
    );
    expect(lines.filter((line) => line.includes('bind'))).to.have.length(3 + 1);
  });

  it('shows nothing of a name that would steer a terminal', () => {
    const evil = 'x\u001b[2J\r\n\u202e\u009b';
    const trace = { ...start(step(evil, 0, 1000, evil, evil)), name: evil, image: evil };
    expect(draw(trace).join('')).not.to.match(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e]/);
    expect(draw(trace)).to.have.length(draw(start(step('x', 0, 1000))).length);
  });

  it('has no bar for what was before the call, and a thin one for what took no time', () => {
    const [before, nothing] = draw(start(step('image', -5000, 10), step('umask', 0, 0), step('exec', 10, 990))).slice(
      4,
    );
    expect(before).to.match(/^ {3}-5\.000 {5}0\.010 +image/);
    expect(nothing).to.match(/^ {4}0\.000 {5}0\.000 ▏/);
  });

  it('says when a start was refused', () => {
    expect(draw({ ...start(step('overlay', 0, 10)), started: null })[0]).to.equal('start of web (host): refused');
  });

  it('is painted where it can be', () => {
    const painted = waterfall(readSample(), { width: 100, all: false, paint: (color, text) => `<${color}>${text}</>` });
    expect(painted).to.include('<green>').and.include('<dim>').and.include('<yellow>');
  });
});
