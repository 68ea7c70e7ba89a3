import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { RequestError } from '../../../ts/errors/index.ts';
import { findExecutable } from '../../../ts/native/executable.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

describe('the executable beside the addon', () => {
  const directory = temporaryDirectory();

  function refusal(file: string): RequestError {
    try {
      findExecutable('orlop-init', 'ORLOP_INIT', file);
    } catch (error) {
      if (error instanceof RequestError) return error;
    }
    throw new Error('it was not refused');
  }

  it('is the file that the variable names', () => {
    const file = join(directory(), 'init');
    writeFileSync(file, '', { mode: 0o755 });
    expect(findExecutable('orlop-init', 'ORLOP_INIT', file)).to.equal(file);
  });

  it('is refused with the variable that names a file that is not there', () => {
    const { code, message, hint } = refusal('/nonexistent/init');
    expect(code).to.equal('ORLOP_E_NATIVE');
    expect(message).to.equal('orlop-init was not found; tried /nonexistent/init');
    expect(hint).to.equal('ORLOP_INIT names this file and no other: unset it, or name another one');
  });

  it('is refused with the command that mends it where it has lost its mode', () => {
    const file = join(directory(), "it's");
    writeFileSync(file, '');
    chmodSync(file, 0o644);
    const { code, message, hint } = refusal(file);
    expect(code).to.equal('ORLOP_E_NATIVE');
    expect(message).to.include(`'${file}' (EACCES`);
    expect(hint).to.include(`chmod +x '${directory()}/it'\\''s';`);
  });

  it('is refused where it is a directory', () => {
    const file = join(directory(), 'init');
    mkdirSync(file);
    expect(refusal(file).message).to.equal(`orlop-init cannot be executed: '${file}' is no file`);
  });
});
