import { execFileSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { expect } from 'chai';
import { requires } from '../support/require.ts';

const file = 'build/Release/orlop-init';
const readelf = (...options: string[]) => execFileSync('readelf', ['--wide', ...options, file], { encoding: 'utf8' });

describe('orlop-init, the file', () => {
  requires('helper');

  it('is static: no interpreter, no library, nothing to relocate', () => {
    const segments = readelf('--segments');
    expect(segments).to.not.match(/INTERP|DYNAMIC/);
    expect(readelf('--relocs')).to.include('no relocations');
  });

  it('needs nothing to be initialised: no C library would do it', () => {
    const sections = readelf('--sections');
    expect(sections).to.not.match(/\.(init_array|ctors|tdata|tbss)\b/);
  });

  it('has no memory that can be written and executed', () => {
    const loads = readelf('--segments')
      .split('\n')
      .filter((line) => /^\s*(LOAD|GNU_STACK)\s/.test(line));
    expect(loads.length).to.be.greaterThan(2);
    expect(loads.filter((line) => /\sRWE\s/.test(line))).to.deep.equal([]);
    expect(loads.some((line) => /GNU_STACK.*\sRW\s/.test(line))).to.equal(true);
  });

  it('is small', () => {
    expect(statSync(file).size).to.be.below(96 << 10);
  });
});
