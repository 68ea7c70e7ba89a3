import { expect } from 'chai';
import { errorOf, packing, parseBytes, parseReport } from '../../../../ts/images/archive/report.ts';

const hex = (text: string | number[]) => Buffer.from(text as string).toString('hex');

function errorFor(error: object, action = 'unpack the archive'): Error & Record<string, unknown> {
  const report = parseReport(JSON.stringify({ error }));
  if (report === null || 'result' in report) throw new Error('not an error');
  return errorOf(action, report) as Error & Record<string, unknown>;
}

describe('a report of orlop-archive', () => {
  it('is not one when it was cut', () => {
    expect(parseReport('')).to.equal(null);
    expect(parseReport('{"digest":"sha256:')).to.equal(null);
    expect(parseReport('null')).to.equal(null);
  });

  it('counts bytes in the lines before the last one', () => {
    expect(parseBytes('{"bytes":65536}')).to.equal(65536);
    for (const line of [
      '',
      '{"size":3}',
      '{"bytes":-1}',
      '{"bytes":1e400}',
      '{"bytes":3,"size":3}',
      `{"bytes":${'9'.repeat(16)}}`,
    ]) {
      expect(parseBytes(line), line).to.equal(null);
    }
  });

  it('with a result gives it', () => {
    expect(parseReport('{"size":3}\n')).to.deep.equal({ result: { size: 3 } });
  });

  it('of a refusal names the entry, the reason and what to do', () => {
    const error = errorFor({ code: 'traversal', entry: hex('../../x'), detail: '' });
    expect(error).to.include({ name: 'RequestError', code: 'ORLOP_E_ARCHIVE' });
    expect(error.message).to.equal(`could not unpack the archive, entry '../../x': the name contains '..'`);
    expect(error.hint).to.be.a('string');
  });

  it('shows bytes that no terminal should see as numbers', () => {
    const error = errorFor({ code: 'link-out', entry: hex([0x61, 0x1b, 0x0a]), detail: hex([0xe9, 0x9b]) });
    expect(error.message).to.include(`'a\\x1b\\x0a'`).and.include('(é\\x9b)');
  });

  it('with a code that this version does not know still says it', () => {
    expect(errorFor({ code: 'new-one', entry: '', detail: '' }).message).to.include(`'new-one'`);
  });

  it('of a call that the kernel refused has its errno', () => {
    const error = errorFor({ code: 'system', entry: hex('d/f'), syscall: 'pwrite', errno: 28 });
    expect(error).to.include({
      name: 'LaunchError',
      code: 'ENOSPC',
      errno: 28,
      syscall: 'pwrite',
      path: 'd/f',
      exitCode: 125,
    });
    expect(error.message).to.equal(`ENOSPC: could not unpack the archive, pwrite 'd/f'`);
  });

  it('of a full file system says which one: an archive that is written may go anywhere', () => {
    const full = { code: 'system', entry: '', syscall: 'write', errno: 28 };
    expect(errorFor(full)).to.have.property('hint').that.includes('file system of the store is full');
    expect(errorFor(full, packing)).to.have.property('hint').that.includes('where the archive is written');
  });
});
