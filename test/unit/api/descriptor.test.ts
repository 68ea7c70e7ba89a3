import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { openDescriptor, withSource } from '../../../ts/api/descriptor.ts';
import { RequestError } from '../../../ts/errors/index.ts';
import { refusal } from '../../support/refusal.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

describe('descriptors that a caller gives', () => {
  const directory = temporaryDirectory();

  it('have to be open: an archive would go to nobody', () => {
    const file = openSync('/dev/null', 'r');
    expect(openDescriptor(file)).to.equal(file);
    closeSync(file);
    for (const none of [file, -1, 1.5, Number.NaN, undefined, null, '1']) {
      expect(() => openDescriptor(none as number), String(none)).to.throw(RequestError, 'is not an open descriptor');
    }
  });

  it('stand for the file of an archive, as its path does', async () => {
    const path = join(directory(), 'archive');
    writeFileSync(path, 'content');
    const read = async (descriptor: number) => readFileSync(descriptor, 'utf8');
    expect(await withSource(path, read)).to.equal('content');
    const file = openSync(path, 'r');
    expect(await withSource(file, read)).to.equal('content');
    closeSync(file);
    expect((await refusal(withSource(file, read))).code).to.equal('ORLOP_E_INPUT');
    expect((await refusal(withSource(directory(), read))).code).to.equal('ORLOP_E_ARCHIVE');
  });

  it('are refused where there is no file, with the path', async () => {
    const error = await refusal(withSource('/nonexistent.tar', async () => {}));
    expect(error).to.be.instanceOf(RequestError).and.to.include({ code: 'ORLOP_E_ARCHIVE', hint: 'check the path' });
    expect(error.message).to.equal(`the archive '/nonexistent.tar' cannot be opened: there is no such file`);
  });

  it('have a way in for a directory, whatever is in it', async () => {
    const into = async () => (await refusal(withSource(directory(), async () => {}))).hint;
    expect(await into()).to.match(/tar -C .* \| orlop import - NAME$/);
    writeFileSync(join(directory(), 'oci-layout'), '{}');
    expect(await into()).to.match(/tar -C .* \| orlop load$/);
  });
});
