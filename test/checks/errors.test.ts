import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { catalogue } from '../../ts/errors/index.ts';

const codes = Object.keys(catalogue);

describe('the error catalogue', () => {
  it('is sorted', () => {
    expect(codes).to.deep.equal([...codes].sort());
  });

  it('has a section of docs/errors.md for each code, and no other', () => {
    const documented = [...readFileSync('docs/errors.md', 'utf8').matchAll(/^## (ORLOP_E_\w+)$/gm)].map((m) => m[1]);
    expect(documented).to.deep.equal(codes);
  });

  it('has no code that nothing throws', () => {
    const source = readdirSync('ts', { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts') && name !== 'errors/catalogue.ts')
      .map((name) => readFileSync(join('ts', name), 'utf8'))
      .join('\n');
    expect(codes.filter((code) => !source.includes(`'${code}'`))).to.deep.equal([]);
  });
});
