import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { fakeContainer, orlop } from '../../support/fake-orlop.ts';
import { temporaryDirectory } from '../../support/temporary.ts';
import { noUsage } from '../../support/usage.ts';

describe('the report of orlop run', () => {
  const directory = temporaryDirectory();

  it('says how the application ended, and what it used', async () => {
    const file = join(directory(), 'report.json');
    const { status } = await orlop(['run', '--report', file, 'host'], {
      library: { createRequested: () => fakeContainer({ exitCode: 137, signal: 'SIGKILL', timedOut: true }) },
    });
    expect(status).to.equal(137);
    const report = { exitCode: 137, signal: 'SIGKILL', timedOut: true, usage: noUsage, oomKilled: false, limit: null };
    expect(JSON.parse(readFileSync(file, 'utf8'))).to.deep.equal(report);
  });

  it('is not there if nothing was started', async () => {
    const file = join(directory(), 'report.json');
    const refused = () => Promise.reject(new Error('no'));
    await orlop(['run', '--report', file, 'host'], { library: { createRequested: refused } });
    expect(existsSync(file)).to.equal(false);
  });

  it('is empty if nothing was started and the file was there, whatever that told of', async () => {
    const file = join(directory(), 'earlier.json');
    writeFileSync(file, '{"exitCode":0}');
    const refused = () => Promise.reject(new Error('no'));
    await orlop(['run', '--report', file, 'host'], { library: { createRequested: refused } });
    expect(readFileSync(file, 'utf8')).to.equal('');
  });

  it('that cannot be written is named', async () => {
    const createRequested = () => fakeContainer({ exitCode: 0, signal: null });
    const { status, stderr } = await orlop(['run', '--report', '/dev/full', 'host'], { library: { createRequested } });
    expect(status).to.equal(125);
    expect(stderr).to.equal("orlop: ENOSPC: no space left on device, write '/dev/full'\n");
  });

  it('is opened before anything is made', async () => {
    const { status, calls } = await orlop(['run', '--report', '/nonexistent/x', 'host']);
    expect({ status, calls }).to.deep.equal({ status: 125, calls: [] });
  });
});
