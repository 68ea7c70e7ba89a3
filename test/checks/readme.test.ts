import { readFileSync } from 'node:fs';
import { expect } from 'chai';

describe('README', () => {
  it('has its two commands, and they are the ones of package.json', () => {
    const readme = readFileSync('README.md', 'utf8');
    const { scripts } = JSON.parse(readFileSync('package.json', 'utf8'));
    for (const name of ['demo', 'test']) {
      expect(readme).to.include(`npm ${name === 'test' ? 'test' : `run ${name}`}`);
      expect(scripts).to.have.property(name);
    }
  });
});
