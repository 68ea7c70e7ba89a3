import { expect } from 'chai';
import { checkSysctls, parseSysctl } from '../../../ts/request/sysctl.ts';
import { refusalOf } from '../../support/refusal.ts';

describe('a kernel parameter of a request', () => {
  for (const [text, name, value] of [
    ['net.core.somaxconn=1024', 'net.core.somaxconn', '1024'],
    ['net/core/somaxconn=1024', 'net.core.somaxconn', '1024'],
    ['net.ipv4.ip_local_port_range=1024 65000', 'net.ipv4.ip_local_port_range', '1024 65000'],
    // An interface with a dot in its name, in both notations of sysctl(8).
    ['net.ipv4.conf.eth0/1.forwarding=1', 'net/ipv4/conf/eth0.1/forwarding', '1'],
    ['net/ipv4/conf/eth0.1/forwarding=1', 'net/ipv4/conf/eth0.1/forwarding', '1'],
    ['kernel.shmmax=68719476736', 'kernel.shmmax', '68719476736'],
    ['fs.mqueue.msg_max=20', 'fs.mqueue.msg_max', '20'],
    ['kernel.domainname=a=b', 'kernel.domainname', 'a=b'],
    ['kernel.sem=', 'kernel.sem', ''],
  ] as const) {
    it(`is read: ${text}`, () => {
      expect(parseSysctl(text)).to.deep.equal({ name, value });
    });
  }

  for (const [text, message, hint] of [
    ['net.core.somaxconn', /has no value/, /NAME=VALUE/],
    ['=1', /has no value/, /NAME=VALUE/],
    ['kernel.panic=1', /whole machine/, /to itself/],
    ['kernel.shmmx=1', /whole machine/, /'kernel\.shmmax'/],
    ['kernel.hostname=x', /whole machine/, /--hostname/],
    ['vm.swappiness=1', /whole machine/, /on the host/],
    ['net..core=1', /no kernel parameter/, /sysctl -a/],
    ['net/../kernel/panic=1', /no kernel parameter/, /sysctl -a/],
    ['net.//.kernel=1', /no kernel parameter/, /sysctl -a/],
    ['net.core.x y=1', /no kernel parameter/, /sysctl -a/],
    ['net=1', /whole machine/, /to itself/],
    // It turns on a part of the kernel for all network namespaces.
    ['net.netfilter.nf_hooks_lwtunnel=1', /whole machine/, /on the host/],
    ['net/netfilter/nf_hooks_lwtunnel=1', /whole machine/, /on the host/],
  ] as const) {
    it(`is refusalOf: ${text}`, () => {
      const error = refusalOf(() => parseSysctl(text));
      expect(error.code).to.equal('ORLOP_E_INPUT');
      expect(error.message).to.match(message);
      expect(error.hint).to.match(hint);
    });
  }

  it('has one line', () => {
    expect(refusalOf(() => parseSysctl('net.core.somaxconn=1\n2')).message).to.contain('more than one line');
  });

  it('is not a domain name that the kernel would cut', () => {
    expect(parseSysctl(`kernel.domainname=${'ä'.repeat(32)}`).value).to.have.length(32);
    const error = refusalOf(() => parseSysctl(`kernel.domainname=${'ä'.repeat(33)}`));
    expect(error.message).to.contain('longer than 64 bytes');
  });

  const security = { systemPaths: 'own' } as const;

  it('has the last of its values', () => {
    const sysctls = ['net.core.somaxconn=1', 'net/core/somaxconn=2'].map(parseSysctl);
    const checked = checkSysctls(sysctls, { network: 'none', security });
    expect(checked).to.deep.equal([{ name: 'net.core.somaxconn', value: '2' }]);
  });

  it("is refusalOf where it would be the host's", () => {
    const [one] = ['net.core.somaxconn=1', 'kernel.shmmax=1'].map(parseSysctl);
    if (one === undefined) return;
    expect(refusalOf(() => checkSysctls([one], { network: 'host', security })).message).to.contain("is the host's");
    const other = parseSysctl('kernel.shmmax=1');
    expect(checkSysctls([other], { network: 'host', security })).to.deep.equal([other]);
    const systemPaths = { systemPaths: 'host' } as const;
    expect(refusalOf(() => checkSysctls([other], { network: 'none', security: systemPaths })).message).to.contain(
      'read-only',
    );
  });
});
