import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { orlop, type World } from '../../support/fake-orlop.ts';
import { sampleTrace } from '../../support/sample-trace.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

describe('orlop trace', () => {
  const directory = temporaryDirectory();
  const text = JSON.stringify(sampleTrace());
  const file = (content: string | Buffer = text) => {
    const path = join(directory(), 'start.json');
    writeFileSync(path, content);
    return path;
  };
  const run = (argv: readonly string[], world: World = {}) => orlop(['trace', ...argv], world);

  it('prints the waterfall of a file, in a hundred columns and without colours where it is piped', async () => {
    const { status, stdout, stderr } = await run([file()]);
    expect({ status, stderr }).to.deep.equal({ status: 0, stderr: '' });
    expect(stdout)
      .to.match(/^start of web \(debian:trixie\): [\d.]+ ms/)
      .and.not.include('\u001b');
    const widest = Math.max(...stdout.split('\n').map((line) => [...line].length));
    expect(widest).to.be.above(90).and.at.most(100);
  });

  it('is as wide as the terminal, and coloured unless NO_COLOR is set', async () => {
    const path = file();
    const coloured = await run([path], { terminal: true, columns: 70 });
    expect(coloured.stdout).to.include('\u001b[');
    const { stdout } = await run([path], { terminal: true, columns: 70, env: { NO_COLOR: '1' } });
    expect(stdout).not.to.include('\u001b');
    const lines = stdout.split('\n').slice(2, -3);
    expect(Math.max(...lines.map((line) => [...line].length)))
      .to.be.above(60)
      .and.at.most(70);
    const asked = await run([path], { terminal: true, columns: 70, env: { NO_COLOR: '1', COLUMNS: '150' } });
    expect(Math.max(...asked.stdout.split('\n').map((line) => [...line].length))).to.be.above(100);
  });

  it('has a line for every step with --all', async () => {
    const [some, all] = [await run([file()]), await run([file(), '--all'])];
    expect(all.stdout.split('\n').length).to.be.above(some.stdout.split('\n').length);
  });

  it('reads standard input for -, unless that is a terminal', async () => {
    expect((await run(['-'], { input: text })).stdout).to.include('overlay');
    const { status, stderr } = await run(['-'], { terminal: true });
    expect(status).to.equal(125);
    expect(stderr).to.include('standard input is a terminal, not a trace');
  });

  it('draws a picture to standard output, or into a file that appears whole', async () => {
    expect((await run([file(), '--svg'])).stdout).to.match(/^<svg .*<\/svg>\n$/s);
    const path = join(directory(), 'start.svg');
    const { status, stdout } = await run([file(), '--svg', path]);
    expect({ status, stdout }).to.deep.equal({ status: 0, stdout: '' });
    expect(readFileSync(path, 'utf8')).to.match(/^<svg .*<\/svg>\n$/s);
    expect(readdirSync(directory()).sort()).to.deep.equal(['start.json', 'start.svg']);
  });

  it('says what is wrong with a file that is no trace', async () => {
    const refused = async (path: string, world: World = {}) => {
      const { status, stdout, stderr } = await run([path], world);
      expect({ status, stdout }).to.deep.equal({ status: 125, stdout: '' });
      return stderr;
    };
    expect(await refused(file(''))).to.match(
      /is no trace of a start: it is empty, as after a start that was refused\n.*hint: 'orlop run --trace FILE/,
    );
    expect(await refused(file(text.slice(0, -100)))).to.include('it is not JSON, or cut off');
    expect(await refused(file('{"traceEvents":[]}'))).to.include('another program wrote it');
    expect(await refused(join(directory(), 'none'))).to.match(/^orlop: ENOENT: no such file/);
    mkdirSync(join(directory(), 'sub'));
    expect(await refused(join(directory(), 'sub'))).to.match(/sub' is a directory, and no trace of a start/);
    expect(await refused('/dev/zero')).to.include('is larger than a trace can be (16 MiB)');
    expect(await refused('-', { input: 'x'.repeat((16 << 20) + 1) })).to.include('is larger than a trace can be');
    expect(await refused('/dev/null')).to.include('it is empty');
  });

  it('wants a file', async () => {
    const { status, stderr } = await run([]);
    expect(status).to.equal(125);
    expect(stderr).to.include("missing required argument 'file'");
  });
});
