import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { expect } from 'chai';

const files = execFileSync('git', ['ls-files'], { encoding: 'utf8' })
  .split('\n')
  .filter((name) => /\.(ts|mjs|cc|h|def|md|json|gyp|txt)$|^scripts\//.test(name) && name !== 'package-lock.json')
  // Git lists what was removed until that is committed.
  .filter(existsSync);

describe('the tree', () => {
  it('has no source file over 500 lines', () => {
    const long = files
      .filter((name) => /^(ts|native|test|bench)\/.*\.(ts|cc|h)$/.test(name) && !name.includes('generated'))
      .filter((name) => statSync(name).isFile() && readFileSync(name, 'utf8').split('\n').length > 500);
    expect(long).to.deep.equal([]);
  });

  it('lists each native source once', () => {
    const listed = readFileSync('native/sources.txt', 'utf8')
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'));
    expect(listed).to.deep.equal([...new Set(listed)]);
  });

  // A Worker that was terminated in the middle of it ended the program: see native/addon/deferred.h.
  it('makes promises in the addon by its own Deferred', () => {
    const others = files
      .filter((name) => name.startsWith('native/') && name.endsWith('.cc'))
      .filter((name) => readFileSync(name, 'utf8').includes('Napi::Promise'));
    expect(others).to.deep.equal([]);
  });

  // test/package measures what it links to, but only of files that were prebuilt.
  it('waits in the addon by its own Condition, which machines with an older glibc have', () => {
    const others = files
      .filter((name) => name.startsWith('native/') && /\.(cc|h)$/.test(name))
      .filter((name) => readFileSync(name, 'utf8').includes('<condition_variable>'));
    expect(others).to.deep.equal([]);
  });

  // std::thread ends the program instead.
  it('makes threads in the addon by its own function, which can say that there is none to be had', () => {
    const others = files
      .filter((name) => name.startsWith('native/') && /\.(cc|h)$/.test(name))
      .filter((name) => /<(thread|future)>/.test(readFileSync(name, 'utf8')));
    expect(others).to.deep.equal([]);
  });

  it('has the source files that its pages name', () => {
    const missing = texts()
      .filter(([name]) => name.endsWith('.md') && name !== 'CHANGELOG.md')
      .flatMap(([name, text]) => sourcesNamedIn(text).map((file) => ({ name, file })))
      .filter(({ file }) => !existsSync(file));
    expect(missing).to.deep.equal([]);
  });

  it('has a walk through the files of run() that names each file once', () => {
    const files = sourcesNamedIn(readFileSync('docs/how-a-container-starts.md', 'utf8'));
    expect(files.length).to.be.greaterThan(10);
    expect(files.filter((file, index) => files.indexOf(file) !== index)).to.deep.equal([]);
  });

  it('names no place of the machine that it was written on', () => {
    const checkout = process.cwd();
    expect(
      texts()
        .filter(([, text]) => text.includes(`${checkout}/`))
        .map(([name]) => name),
    ).to.deep.equal([]);
  });

  it('names no host but those of its references, and no registry that packages came from', () => {
    const known = [
      'github.com',
      'vega.github.io',
      'example.org',
      'example.com',
      'keepachangelog.com',
      'semver.org',
      'sources.debian.org',
      'www.gnu.org',
      'www.w3.org',
    ];
    const hosts = texts()
      .filter(([name]) => name !== 'package-lock.json')
      .flatMap(([name, text]) => [...text.matchAll(/https?:\/\/([\w.-]+)/g)].map(([, host = '']) => ({ name, host })));
    expect(hosts.filter(({ host }) => !known.includes(host))).to.deep.equal([]);
    expect(readFileSync('package-lock.json', 'utf8')).not.to.include('"resolved"');
  });
});

/** Paths of sources in a page: `ts/api/run.ts`. */
function sourcesNamedIn(page: string): string[] {
  return page.match(/\b(?:ts|native)\/[\w/.-]+\.(?:ts|cc|h|def)\b/g) ?? [];
}

/** Name and content of each file that is text. */
function texts(): [name: string, text: string][] {
  return execFileSync('git', ['ls-files'], { encoding: 'utf8' })
    .split('\n')
    .filter((name) => name !== '' && existsSync(name) && statSync(name).isFile())
    .map((name): [string, string] => [name, readFileSync(name, 'utf8')])
    .filter(([, text]) => !text.includes('\0'));
}
