import { chmodSync, chownSync, mkdirSync, statSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { RequestError } from '../../../ts/errors/index.ts';
import { privateDirectory } from '../../../ts/store/directory.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

async function refusal(...args: Parameters<typeof privateDirectory>): Promise<RequestError> {
  const error: unknown = await privateDirectory(...args).then(
    () => null,
    (reason: unknown) => reason,
  );
  if (!(error instanceof RequestError)) throw new Error(`not refused: ${error}`);
  expect(error.code).to.equal('ORLOP_E_STORE');
  return error;
}

describe('a directory of orlop', () => {
  const directory = temporaryDirectory();
  const at = (...names: string[]) => join(directory(), ...names);

  function open(...names: string[]): string {
    mkdirSync(at(...names), { recursive: true });
    const [first = ''] = names;
    chmodSync(at(first), 0o755);
    return at(first);
  }

  it('is made, and is for its owner only', async () => {
    await privateDirectory(at('a/b'));
    for (const path of [at('a'), at('a/b')]) expect(statSync(path).mode & 0o777).to.equal(0o700);
  });

  it('is closed where it is open to others and empty', async () => {
    await privateDirectory(open('empty'));
    expect(statSync(at('empty')).mode & 0o777).to.equal(0o700);
  });

  it('is not used where others can enter it: the owner is told to close it', async () => {
    const { message, hint } = await refusal(open("it's", 'layers'));
    expect(message).to.include(`store directory '${at("it's")}' is open to other users (mode 755)`);
    expect(hint).to.equal(`close it: chmod 700 '${directory()}/it'\\''s'`);
    expect((await refusal(open('run', 'locks'), 'run')).hint).to.equal(`close it: chmod 700 ${at('run')}`);
    chmodSync(open('group', 'layers'), 0o710);
    expect((await refusal(at('group'))).message).to.include('is open to other users (mode 710)');
  });

  it('is not told to be closed where it holds other things: it may be /etc', async () => {
    const { message, hint } = await refusal(open('etc', 'passwd'));
    expect(message).to.include('is not empty, is none of orlop');
    expect(hint).to.equal('choose an empty directory, or a new one');
  });

  it('is not used where another user could put something in its place', async () => {
    mkdirSync(at('open/between'), { recursive: true });
    chmodSync(at('open'), 0o777);
    const { message, hint } = await refusal(at('open/between/store'));
    expect(message).to.include(`'${at('open')}' can be written by every user (mode 777)`);
    expect(hint).to.equal(`close it: chmod o-w ${at('open')}`);
    expect((await refusal(at('open/store'))).message).to.include(`'${at('open')}' can be written by every user`);
    symlinkSync(at('open/between'), at('link'));
    expect((await refusal(at('link/store'))).message).to.include(`'${at('open')}' can be written by every user`);
    chmodSync(at('open'), 0o1777);
    await privateDirectory(at('open/between/store'));
    if (process.getuid?.() !== 0) return;
    chownSync(at('open'), 1000, 0);
    expect((await refusal(at('open/between/store'))).message).to.include(`'${at('open')}' belongs to uid 1000`);
  });

  it('is named as what it is, and by what another one is chosen', async () => {
    symlinkSync('nowhere', at('link'));
    const store = await refusal('/proc/none');
    expect(store.message).to.match(/^store directory '\/proc\/none' cannot be used: /);
    const run = await refusal(at('link'), 'run');
    expect(run.message).to.match(/^run directory .*is a symlink/);
    if (process.getuid?.() !== 0) return;
    mkdirSync(at('other'));
    chownSync(at('other'), 65534, 65534);
    const { hint } = await refusal(at('other'), 'run');
    expect(hint).to.include('at /run').and.not.include('--root');
  });
});
