import { readdirSync, readFileSync } from 'node:fs';
import { expect } from 'chai';
import { examplesOf } from '../support/examples.ts';

describe('examples/', () => {
  const pages = readdirSync('docs').filter((name) => name.endsWith('.md'));
  const blocks = pages.flatMap((name) => examplesOf(readFileSync(`docs/${name}`, 'utf8')).modules);

  for (const name of readdirSync('examples')) {
    it(`has ${name} as a page shows it`, () => {
      expect(blocks.map(({ source }) => source)).to.include(readFileSync(`examples/${name}`, 'utf8'));
    });

    it(`has ${name} run by a test`, () => {
      const tests = readdirSync('test/root/examples');
      expect(tests).to.include(name.replace(/\.ts$/, '.test.ts'));
    });
  }
});
