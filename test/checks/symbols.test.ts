import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { buildsNativeTests } from '../support/run-plan.ts';

/** Names that the objects of a library take from elsewhere. */
function undefinedSymbols(objects: readonly string[]): string[] {
  const names = (...options: string[]): string[] =>
    execFileSync('nm', ['--format=posix', ...options, ...objects], { encoding: 'utf8' })
      .split('\n')
      .map((line) => line.split(' ')[0] ?? '')
      .filter((name) => name !== '' && !name.endsWith(':'));
  const defined = new Set(names('--defined-only'));
  return [...new Set(names('--undefined-only'))].filter((name) => !defined.has(name)).sort();
}

describe('executor', function () {
  this.timeout(300_000);
  buildsNativeTests();

  it('takes no symbol from outside but those that its contract allows', () => {
    const allowed = readFileSync('native/init/allowed_symbols.txt', 'utf8')
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'));
    const objects = execFileSync('find', ['build-tests/init', '-name', '*.o'], { encoding: 'utf8' }).trim().split('\n');
    expect(objects.length).to.be.greaterThan(10);
    const taken = undefinedSymbols(objects);
    expect(taken.filter((name) => !allowed.includes(name))).to.deep.equal([]);
  });
});
