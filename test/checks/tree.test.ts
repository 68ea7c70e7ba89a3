import { execFileSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { expect } from 'chai';

const files = execFileSync('git', ['ls-files'], { encoding: 'utf8' })
  .split('\n')
  .filter((name) => /\.(ts|mjs|cc|h|def|md|json|gyp|txt)$|^scripts\//.test(name) && name !== 'package-lock.json');

describe('the tree', () => {
  it('has no source file over 500 lines', () => {
    const long = files
      .filter((name) => /^(ts|native|test|bench)\/.*\.(ts|cc|h)$/.test(name) && !name.includes('generated'))
      .filter((name) => statSync(name).isFile() && readFileSync(name, 'utf8').split('\n').length > 500);
    expect(long).to.deep.equal([]);
  });

  it('lists each native source once', () => {
    const listed = readFileSync('native/sources.txt', 'utf8')
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'));
    expect(listed).to.deep.equal([...new Set(listed)]);
  });
});
