import { readFileSync, statSync } from 'node:fs';
import { expect } from 'chai';
import { hole } from '../../../ts/plan/holes.ts';
import { etcFiles } from '../../../ts/resolve/etc-files.ts';
import { fileIdentity } from '../../../ts/store/file-identity.ts';

describe('the files under /etc that each container gets', () => {
  it('name the container alone where it has a network of its own, whatever the host has', () => {
    const { value, checks, repeatable } = etcFiles('box', 'none');
    expect(value.hosts)
      .to.match(/^127\.0\.0\.1 localhost\n/)
      .and.to.match(/^127\.0\.1\.1 box$/m);
    expect(value.hostname).to.equal('box\n');
    expect(value.resolvConf).to.have.length(0);
    expect([checks, repeatable]).to.deep.equal([[], true]);
  });

  it('have the name as a hole where it is one', () => {
    const { value } = etcFiles(hole.shortId, 'none');
    expect(value.hosts).to.include(`127.0.1.1 ${hole.shortId}\n`);
    expect(value.hostname).to.equal(`${hole.shortId}\n`);
  });

  it('are those of the host in its network, as long as they are the same files', () => {
    const { value, checks, repeatable } = etcFiles('box', 'host');
    const paths = ['/etc/hosts', '/etc/resolv.conf'];
    expect(value.hosts).to.deep.equal(readFileSync('/etc/hosts'));
    expect(value.resolvConf).to.deep.equal(readFileSync('/etc/resolv.conf'));
    expect(value.hostname).to.equal('box\n');
    expect(checks).to.deep.equal(paths.map((path) => ['same', path, fileIdentity(statSync(path, { bigint: true }))]));
    expect(repeatable).to.equal(true);
  });
});
