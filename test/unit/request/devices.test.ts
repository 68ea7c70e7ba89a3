import { expect } from 'chai';
import { RequestError } from '../../../ts/index.ts';
import { deviceFromInput, parseDevice, parseDeviceRule } from '../../../ts/request/devices.ts';
import { parseRunOptions } from '../../../ts/request/options.ts';
import type { RunOptions } from '../../../ts/request/types.ts';

function refusal(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof RequestError) return `${error.code} ${error.message}`;
  }
  throw new Error('expected a RequestError');
}

const parse = (options: RunOptions) =>
  parseRunOptions('host', [], options, {
    cwd: '/',
    env: {},
    kernel: () => '6.12',
    online: () => null,
    seLinux: () => false,
  });

describe('a device', () => {
  for (const [text, host, container, permissions] of [
    ['/dev/fuse', '/dev/fuse', '/dev/fuse', 'rwm'],
    ['/dev/fuse:r', '/dev/fuse', '/dev/fuse', 'r'],
    ['/dev/sda:/dev/disk', '/dev/sda', '/dev/disk', 'rwm'],
    ['/dev/sda:/dev/disk:mr', '/dev/sda', '/dev/disk', 'mr'],
    ['/dev//net/../fuse/', '/dev/fuse', '/dev/fuse', 'rwm'],
    ['/dev', '/dev', '/dev', 'rwm'],
    ['/dev/null:/dev/tty', '/dev/null', '/dev/tty', 'rwm'],
  ] as const) {
    it(`is read from ${text}`, () => {
      expect(parseDevice(text)).to.deep.equal({ host, container, permissions });
    });
  }

  for (const [text, message] of [
    ['/dev/fuse:rwx', "path of the device 'rwx' is not absolute"],
    ['/dev/fuse:/dev/x:rr', "permissions 'rr'"],
    ['/dev/fuse:/dev/x:', "permissions ''"],
    ['/dev/a:/dev/b:r:w', 'more than three parts'],
    ['fuse', "'fuse' is not absolute"],
    ['vendor.com/gpu=0', 'is not absolute'],
    ['/dev/fuse:/dev/pts/3', 'the container has its own'],
    ['/dev/fuse:/dev/ptmx', 'the container has its own'],
    ['/dev/fuse:/', 'ORLOP_E_TARGET'],
    ['/dev/fuse:/proc/x', 'ORLOP_E_TARGET'],
  ] as const) {
    it(`is refused as ${text}`, () => {
      expect(refusal(() => parseDevice(text))).to.contain(message);
    });
  }

  it('can be an object, for a path with a colon', () => {
    const device = { host: '/dev/a:b', container: '/dev/c', permissions: 'rw' };
    expect(deviceFromInput(device)).to.deep.equal(device);
  });
});

describe('a rule for devices', () => {
  it('has a type, numbers and accesses', () => {
    expect(parseDeviceRule('c 10:229 rwm')).to.deep.equal({ type: 'c', major: 10, minor: 229, access: 'rwm' });
    expect(parseDeviceRule('b 8:* r')).to.deep.equal({ type: 'b', major: 8, minor: null, access: 'r' });
    expect(parseDeviceRule('a *:* m')).to.deep.equal({ type: 'a', major: null, minor: null, access: 'm' });
  });

  for (const text of ['', 'c 1:3', 'd 1:3 r', 'c 1 r', 'c 1:3 x', 'c 1:3 rr', 'c 1:3  r', 'c -1:3 r', 'c 1:3 r\n']) {
    it(`is refused as ${JSON.stringify(text)}`, () => {
      expect(refusal(() => parseDeviceRule(text))).to.contain('is no rule for devices');
    });
  }

  it('has numbers that the kernel has', () => {
    expect(refusal(() => parseDeviceRule('c 4096:0 r'))).to.contain('has the number 4096');
    expect(refusal(() => parseDeviceRule('c 0:1048576 r'))).to.contain('has the number 1048576');
  });
});

describe('a privileged container', () => {
  it('is held by nothing but what is named', () => {
    const { capabilities, security, privileged } = parse({ privileged: true, capDrop: ['NET_RAW'] });
    expect(privileged).to.equal(true);
    expect(capabilities).to.deep.equal({ add: ['ALL'], drop: ['CAP_NET_RAW'] });
    expect(security).to.deep.equal({
      noNewPrivileges: false,
      seccomp: 'unconfined',
      appArmor: 'unconfined',
      systemPaths: 'own',
      unmask: 'all',
    });
    const named = ['no-new-privileges', 'seccomp=/f', 'mask=/proc/keys'];
    expect(parse({ privileged: true, securityOpt: named }).security).to.deep.include({
      noNewPrivileges: true,
      seccomp: { path: '/f' },
      mask: ['/proc/keys'],
    });
  });
});
