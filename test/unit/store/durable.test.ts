import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { replaceFile } from '../../../ts/store/durable.ts';
import { errorCode } from '../../../ts/store/system-error.ts';
import { nameChanges } from '../../support/name-changes.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

describe('a file that is replaced', () => {
  const directory = temporaryDirectory();

  for (const durable of [true, false]) {
    it(`has its new content and mode, ${durable ? 'on the disk' : 'in memory'}`, async () => {
      const path = join(directory(), 'index.json');
      writeFileSync(path, 'old');
      await replaceFile(path, 'new', { mode: 0o600, durable });
      expect(readFileSync(path, 'utf8')).to.equal('new');
      expect(statSync(path).mode & 0o777).to.equal(0o600);
      expect(readdirSync(directory())).to.deep.equal(['index.json']);
    });
  }

  it('is at no moment absent', async () => {
    const path = join(directory(), 'index.json');
    writeFileSync(path, 'old');
    const names = await nameChanges(directory(), () => replaceFile(path, 'new', { mode: 0o600, durable: true }));
    expect(names.filter((name) => name === 'index.json')).to.have.length(1);
  });

  it('leaves nothing beside it when it cannot be', async () => {
    const path = join(directory(), 'index.json');
    mkdirSync(path);
    expect(await replaceFile(path, 'new', { mode: 0o600, durable: true }).catch(errorCode)).to.equal('EISDIR');
    expect(readdirSync(directory())).to.deep.equal(['index.json']);
  });
});
