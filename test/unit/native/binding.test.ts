import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { RequestError } from '../../../ts/errors/index.ts';
import { type Attempt, type Circumstances, candidates, choose, type Surroundings } from '../../../ts/native/binding.ts';
import { abi, type Native } from '../../../ts/native/contract.ts';
import { findPackageRoot, remedy } from '../../../ts/native/files.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

const surroundings: Surroundings = {
  packageRoot: '/p',
  platform: 'linux',
  arch: 'x64',
  checkout: false,
  override: undefined,
};
const addon = (interfaceNumber: number) => ({ abi: interfaceNumber }) as Native;

describe('the place of the addon', () => {
  it('is the prebuilt file, then the one built here', () => {
    expect(candidates(surroundings)).to.deep.equal([
      '/p/prebuilds/linux-x64/orlop.glibc.node',
      '/p/native/build/Release/orlop.node',
    ]);
  });

  it('is the one built here first where the sources are', () => {
    expect(candidates({ ...surroundings, checkout: true })).to.deep.equal([
      '/p/build/Release/orlop.node',
      '/p/prebuilds/linux-x64/orlop.glibc.node',
    ]);
  });

  it('is the file that ORLOP_NATIVE names, and no other', () => {
    expect(candidates({ ...surroundings, override: '/x.node' })).to.deep.equal(['/x.node']);
  });

  it('is not changed by an empty ORLOP_NATIVE', () => {
    expect(candidates({ ...surroundings, override: '' })).to.have.length(2);
  });
});

describe('the directory of the package', () => {
  const directory = temporaryDirectory();

  it('is the next one with a package.json of orlop, two levels up at most', () => {
    const at = (...names: string[]) => join(directory(), ...names);
    mkdirSync(at('a/b/c/d'), { recursive: true });
    writeFileSync(at('package.json'), '{ "name": "orlop" }');
    writeFileSync(at('a/b/package.json'), '{ "name": "other" ');
    expect(findPackageRoot(at('a/b'))).to.equal(at());
    // Whoever can write further up does not choose what is loaded.
    expect(findPackageRoot(at('a/b/c'))).to.equal(at('a/b/c'));
    expect(findPackageRoot(at('a/b/c/d'))).to.equal(at('a/b/c/d'));
  });
});

describe('the choice of the addon', () => {
  it('takes the first that was loaded', () => {
    const second = addon(abi);
    const attempts: Attempt[] = [
      { file: '/a', missing: true },
      { file: '/b', native: second },
    ];
    expect(choose(attempts, surroundings)).to.deep.equal({ file: '/b', native: second });
  });

  it('passes over one that was made for another interface', () => {
    const right = addon(abi);
    const attempts: Attempt[] = [
      { file: '/a', native: addon(abi + 1) },
      { file: '/b', native: right },
    ];
    expect(choose(attempts, surroundings)).to.deep.equal({ file: '/b', native: right });
  });

  it('names all that was tried, why each failed, and the command that builds one', () => {
    const cause = new Error('/b: invalid ELF header\nmore');
    const attempts: Attempt[] = [
      { file: '/a', missing: true },
      { file: '/b', refused: cause },
      { file: '/c', native: addon(abi + 1) },
    ];
    try {
      choose(attempts, surroundings);
    } catch (error) {
      expect(error).to.be.instanceOf(RequestError);
      if (!(error instanceof RequestError)) return;
      expect(error.code).to.equal('ORLOP_E_NATIVE');
      expect(error.message).to.include('/a (no such file), /b (invalid ELF header), /c (made for interface');
      expect(error.hint).to.include('node-gyp rebuild --directory /p');
      expect(error.cause).to.equal(cause);
      return;
    }
    throw new Error('nothing was thrown');
  });

  it('names the command of a clone where the sources are', () => {
    expect(() => choose([], { ...surroundings, checkout: true }))
      .to.throw(RequestError)
      .with.property('hint')
      .that.includes('npm run build:native');
  });

  it('says that it is the library of C where there is no glibc', () => {
    expect(() => choose([], surroundings, { libc: 'other', sources: true }))
      .to.throw(RequestError)
      .with.property('hint')
      .that.matches(/no glibc.*musl.*node-gyp rebuild/);
  });

  it('names a command that a shell reads, wherever the package lies', () => {
    const hint = remedy({ ...surroundings, packageRoot: "/a b/it's" }, { variable: 'ORLOP_NATIVE', sources: true });
    expect(hint).to.include(`node-gyp rebuild --directory '/a b/it'\\''s/native' (needs g++`);
  });

  const hints: readonly [string, Partial<Surroundings>, Circumstances, RegExp, RegExp][] = [
    [
      'to install the package again where its file is gone',
      {},
      { sources: true },
      /^install orlop again, or build/,
      /unset/,
    ],
    ['nothing but to build where none is built ahead', { arch: 'ppc64' }, { sources: true }, /^build it with/, /again/],
    ['the variable that rules it', { override: '/x' }, { sources: true }, /^ORLOP_NATIVE names.*unset it/, /build/],
    ['the bundle that has only the JavaScript of it', {}, { sources: false }, /bundle.*--external:orlop/, /node-gyp/],
    ['the file system that lets nothing be executed', {}, { sources: true, noexec: true }, /noexec/, /build/],
    ['the flags of Node that forbid it', {}, { sources: true, forbidden: true }, /without --permission/, /build/],
  ];
  for (const [what, changes, circumstances, told, untold] of hints) {
    it(`names ${what}`, () => {
      const attempts = [{ file: '/a', missing: true }] as const;
      expect(() => choose(attempts, { ...surroundings, ...changes }, circumstances))
        .to.throw(RequestError)
        .with.property('hint')
        .that.matches(told)
        .and.not.matches(untold);
    });
  }

  it('says on another system that orlop runs on Linux', () => {
    const elsewhere = { ...surroundings, platform: 'darwin', arch: 'arm64' };
    expect(() => choose([], elsewhere))
      .to.throw(RequestError)
      .with.property('hint', 'orlop runs on Linux, this is darwin on arm64');
  });
});
