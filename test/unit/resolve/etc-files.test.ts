import { readFileSync, statSync } from 'node:fs';
import { expect } from 'chai';
import { hole } from '../../../ts/plan/holes.ts';
import { etcFiles, resolvConf } from '../../../ts/resolve/etc-files.ts';
import { fileIdentity } from '../../../ts/store/file-identity.ts';

describe('the files under /etc that each container gets', () => {
  it('name the container alone where it has a network of its own, whatever the host has', () => {
    const { value, checks, repeatable } = etcFiles('box', { network: 'none' });
    expect(value.hosts)
      .to.match(/^127\.0\.0\.1 localhost\n/)
      .and.to.match(/^127\.0\.1\.1 box$/m);
    expect(value.hostname).to.equal('box\n');
    expect(value.resolvConf).to.have.length(0);
    expect([checks, repeatable]).to.deep.equal([[], true]);
  });

  it('have the name as a hole where it is one', () => {
    const { value } = etcFiles(hole.shortId, { network: 'none' });
    expect(value.hosts).to.include(`127.0.1.1 ${hole.shortId}\n`);
    expect(value.hostname).to.equal(`${hole.shortId}\n`);
  });

  it('are those of the host in its network, as long as they are the same files', () => {
    const { value, checks, repeatable } = etcFiles('box', { network: 'host' });
    const paths = ['/etc/hosts', '/etc/resolv.conf'];
    expect(value.hosts).to.deep.equal(readFileSync('/etc/hosts'));
    expect(value.resolvConf).to.deep.equal(readFileSync('/etc/resolv.conf'));
    expect(value.hostname).to.equal('box\n');
    expect(checks).to.deep.equal(paths.map((path) => ['same', path, fileIdentity(statSync(path, { bigint: true }))]));
    expect(repeatable).to.equal(true);
  });

  const extraHosts = [{ name: 'db', address: '10.0.0.7' }];
  const text = (file: string | Uint8Array | null) => Buffer.from(file ?? '').toString();

  it('have the addresses of the request behind their own', () => {
    const alone = etcFiles('box', { network: 'none', extraHosts }).value;
    expect(alone.hosts).to.match(/\n127\.0\.1\.1 box\n10\.0\.0\.7\tdb\n$/);
    const shared = etcFiles('box', { network: 'host', extraHosts }).value;
    const ofHost = readFileSync('/etc/hosts', 'utf8');
    expect(text(shared.hosts)).to.equal(`${ofHost}${ofHost.endsWith('\n') ? '' : '\n'}10.0.0.7\tdb\n`);
  });

  it('have the name servers of the request, also without a network', () => {
    const dns = { servers: ['192.0.2.53', '2001:db8::53'], search: ['example.org', 'a.b'], options: ['ndots:2'] };
    const lines = 'nameserver 192.0.2.53\nnameserver 2001:db8::53\nsearch example.org a.b\noptions ndots:2\n';
    expect(etcFiles('box', { network: 'none', dns }).value.resolvConf).to.equal(lines);
    expect(etcFiles('box', { network: 'none', dns: { ...dns, servers: [], search: ['.'] } }).value.resolvConf).to.equal(
      'options ndots:2\n',
    );
  });

  it('keep the lines of the host for what the request does not say', () => {
    const own = '# made by hand\nnameserver 10.0.0.1\nsearch lan\n  domain lan\noptions rotate\n';
    const none = { servers: [], search: [], options: [] };
    expect(resolvConf(own, { ...none, servers: ['192.0.2.53'] })).to.equal(
      '# made by hand\nsearch lan\n  domain lan\noptions rotate\nnameserver 192.0.2.53\n',
    );
    expect(resolvConf(own, { ...none, search: ['.'] })).to.equal(
      '# made by hand\nnameserver 10.0.0.1\noptions rotate\n',
    );
  });
});
