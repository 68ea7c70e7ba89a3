import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { refusals } from '../../ts/images/archive/refusals.ts';

const directory = 'native/archive';

/** Codes as the C++ code gives them: the literals within the parentheses of a call of `refuse`. */
function codes(): string[] {
  const found = new Set<string>();
  for (const file of readdirSync(directory).filter((name) => name.endsWith('.cc'))) {
    const text = readFileSync(join(directory, file), 'utf8');
    for (const [, first = ''] of text.matchAll(/\brefuse\(([^,;]*)/g)) {
      for (const [, code = ''] of first.matchAll(/"([a-z-]+)"/g)) found.add(code);
    }
  }
  return [...found].sort();
}

describe('the refusals of orlop-archive', () => {
  it('have words, each of them, and no other', () => {
    expect(codes()).to.deep.equal(Object.keys(refusals));
  });
});
