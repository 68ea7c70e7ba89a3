import { expect } from 'chai';
import { RequestError } from '../../../ts/errors/index.ts';
import { attribute } from '../../../ts/linux/mount-attributes.ts';
import { parseCapability } from '../../../ts/request/capability.ts';
import { mergeEnv, parseEnv, parseEnvFile } from '../../../ts/request/environment.ts';
import { labelsFromEntries, parseLabels } from '../../../ts/request/labels.ts';
import {
  parseContainerName,
  parseHostname,
  parseNamespace,
  parseNetwork,
  parseUser,
} from '../../../ts/request/names.ts';
import { parseWorkdir } from '../../../ts/request/paths.ts';
import { parseSecurity } from '../../../ts/request/security.ts';
import { parseSize } from '../../../ts/request/size.ts';
import { nearest } from '../../../ts/request/text.ts';
import { parseTmpfs, tmpfsFromInput } from '../../../ts/request/tmpfs.ts';
import { mergeUlimits, parseUlimit } from '../../../ts/request/ulimit.ts';

const context = { cwd: '/home/me', env: {}, kernel: () => '6.12', online: () => '0-3', seLinux: () => false };

/** Rows of input, and what comes out: a value, or the code of the error. */
function table<Out>(parse: (text: string) => Out, rows: readonly (readonly [string, unknown])[]): void {
  for (const [text, expected] of rows) {
    const shown = text.length > 40 ? `${text.slice(0, 20)}… (${text.length})` : JSON.stringify(text);
    const refuses = typeof expected === 'string' && expected.startsWith('ORLOP_E_');
    it(`${refuses ? 'refuses' : 'reads'} ${shown}`, () => {
      if (!refuses) {
        expect(parse(text)).to.deep.equal(expected);
        return;
      }
      expect(() => parse(text))
        .to.throw(RequestError)
        .with.property('code', expected);
    });
  }
}

describe('a size', () => {
  table(
    (text) => parseSize('the size', text),
    [
      ['0', 0],
      ['512', 512],
      ['512b', 512],
      ['1k', 1024],
      ['1K', 1024],
      ['1kb', 1024],
      ['1KiB', 1024],
      ['64m', 64 * 1024 ** 2],
      ['64M', 64 * 1024 ** 2],
      ['1.5g', 1.5 * 1024 ** 3],
      ['1 g', 1024 ** 3],
      ['2t', 2 * 1024 ** 4],
      ['1p', 1024 ** 5],
      ['', 'ORLOP_E_INPUT'],
      ['m', 'ORLOP_E_INPUT'],
      ['-1', 'ORLOP_E_INPUT'],
      ['1x', 'ORLOP_E_INPUT'],
      ['1ib', 'ORLOP_E_INPUT'],
      ['1e3', 'ORLOP_E_INPUT'],
      ['0x10', 'ORLOP_E_INPUT'],
      ['1m1', 'ORLOP_E_INPUT'],
      ['9999999p', 'ORLOP_E_INPUT'],
    ],
  );
});

describe('an environment variable', () => {
  const environment = { HOME: '/root', EMPTY: '' };
  table(
    (text) => parseEnv(text, environment),
    [
      ['A=b', { name: 'A', value: 'b' }],
      ['A=', { name: 'A', value: '' }],
      ['A=b=c', { name: 'A', value: 'b=c' }],
      ['A="b"', { name: 'A', value: '"b"' }],
      ['HOME', { name: 'HOME', value: '/root' }],
      ['EMPTY', { name: 'EMPTY', value: '' }],
      ['MISSING', { name: 'MISSING', value: null }],
      ['constructor', { name: 'constructor', value: null }],
      ['=b', 'ORLOP_E_ENVIRONMENT'],
      ['', 'ORLOP_E_ENVIRONMENT'],
      ['A=\0', 'ORLOP_E_ENVIRONMENT'],
      ['A\0=b', 'ORLOP_E_ENVIRONMENT'],
    ],
  );

  it('is there once, with the last value', () => {
    const entries = ['A=1', 'B=2', 'A=3', 'B'].map((text) => parseEnv(text, {}));
    expect(mergeEnv(entries)).to.deep.equal([
      { name: 'A', value: '3' },
      { name: 'B', value: null },
    ]);
  });
});

describe('an environment file', () => {
  const parse = (content: string) => parseEnvFile(content, 'one.env', { HOME: '/root' });

  it('is read as Docker reads it', () => {
    const content = '\ufeff# comment\n\n  A=1\nB= two \nC="q"\nHOME\nMISSING\nD=a=b\r\nE=\n  # indented comment';
    expect(parse(content)).to.deep.equal([
      { name: 'A', value: '1' },
      { name: 'B', value: ' two ' },
      { name: 'C', value: '"q"' },
      { name: 'HOME', value: '/root' },
      { name: 'D', value: 'a=b' },
      { name: 'E', value: '' },
    ]);
  });

  for (const [content, message] of [
    ['A=1\n=2', /line 2 of 'one.env' has no variable name/],
    ['export A=1', /line 1 of 'one.env': the name 'export A' contains white space/],
    ['A =1', /contains white space/],
    ['A=\0', /NUL byte/],
  ] as const) {
    it(`refuses ${JSON.stringify(content)} and names the line`, () => {
      expect(() => parse(content))
        .to.throw(RequestError, message)
        .with.property('code', 'ORLOP_E_ENVIRONMENT');
    });
  }
});

describe('a limit', () => {
  table(parseUlimit, [
    ['nofile=1024', { name: 'nofile', soft: 1024, hard: 1024 }],
    ['nofile=1024:2048', { name: 'nofile', soft: 1024, hard: 2048 }],
    ['core=0', { name: 'core', soft: 0, hard: 0 }],
    ['memlock=-1', { name: 'memlock', soft: -1, hard: -1 }],
    ['memlock=5:-1', { name: 'memlock', soft: 5, hard: -1 }],
    ['memlock=-1:-1', { name: 'memlock', soft: -1, hard: -1 }],
    ['nofile=2048:1024', 'ORLOP_E_INPUT'],
    ['nofile=-1:1024', 'ORLOP_E_INPUT'],
    ['nofile', 'ORLOP_E_INPUT'],
    ['nofile=', 'ORLOP_E_INPUT'],
    ['nofile=1x', 'ORLOP_E_INPUT'],
    ['nofile=1:2:3', 'ORLOP_E_INPUT'],
    ['nofile=-2', 'ORLOP_E_INPUT'],
    ['nofiles=1', 'ORLOP_E_INPUT'],
    ['constructor=1', 'ORLOP_E_INPUT'],
    ['nofile=99999999999999999999', 'ORLOP_E_INPUT'],
  ]);

  it('is there once, as the last one says', () => {
    expect(mergeUlimits(['nofile=1', 'core=0', 'nofile=2'].map(parseUlimit))).to.deep.equal([
      { name: 'nofile', soft: 2, hard: 2 },
      { name: 'core', soft: 0, hard: 0 },
    ]);
  });
});

describe('a capability', () => {
  table(parseCapability, [
    ['ALL', 'ALL'],
    ['all', 'ALL'],
    ['CAP_ALL', 'ALL'],
    ['net_admin', 'CAP_NET_ADMIN'],
    ['CAP_NET_ADMIN', 'CAP_NET_ADMIN'],
    ['cap_sys_admin', 'CAP_SYS_ADMIN'],
    ['', 'ORLOP_E_INPUT'],
    ['NET', 'ORLOP_E_INPUT'],
    ['CAP_CAP_CHOWN', 'ORLOP_E_INPUT'],
  ]);

  it('has a near name as its hint when it is misspelt', () => {
    expect(() => parseCapability('sys_amdin'))
      .to.throw(RequestError)
      .with.property('hint', `did you mean 'SYS_ADMIN'?`);
  });
});

describe('a tmpfs', () => {
  const plain = {
    type: 'tmpfs',
    target: '/run',
    attributes: attribute.nosuid | attribute.nodev | attribute.noexec,
    size: null,
    inodes: null,
    mode: null,
    uid: 0,
    gid: 0,
  };
  const parse = (text: string) => parseTmpfs(text, context);
  table(parse, [
    ['/run', plain],
    ['/run/:rw', plain],
    ['/run:size=64m,mode=755', { ...plain, size: 64 * 1024 ** 2, mode: 0o755 }],
    ['/run:exec,suid,dev,ro', { ...plain, attributes: attribute.readonly }],
    ['/run:size=8m,exec,size=4m,noexec', { ...plain, size: 4 * 1024 ** 2 }],
    ['/run:uid=1000,gid=100,nr_inodes=10k,mode=1777', { ...plain, uid: 1000, gid: 100, inodes: 10240, mode: 0o1777 }],
    ['run', 'ORLOP_E_TARGET'],
    ['', 'ORLOP_E_TARGET'],
    ['/', 'ORLOP_E_TARGET'],
    ['/proc/x', 'ORLOP_E_TARGET'],
    ['/run:', 'ORLOP_E_INPUT'],
    ['/run:foobar', 'ORLOP_E_INPUT'],
    ['/run:size', 'ORLOP_E_INPUT'],
    ['/run:size=x', 'ORLOP_E_INPUT'],
    ['/run:ro=1', 'ORLOP_E_INPUT'],
    ['/run:mode=9', 'ORLOP_E_INPUT'],
    ['/run:mode=17777', 'ORLOP_E_INPUT'],
    ['/run:uid=1x', 'ORLOP_E_INPUT'],
    ['/run:uid=4294967295', 'ORLOP_E_INPUT'],
    ['/run:constructor=1', 'ORLOP_E_INPUT'],
  ]);

  it('given as an object has the meaning of the text', () => {
    expect(tmpfsFromInput({ target: '/run', size: '64m', mode: 0o755, exec: true }, context)).to.deep.equal(
      parse('/run:size=64m,mode=755,exec'),
    );
  });
});

describe('security options', () => {
  const parse = (text: string) => parseSecurity(text === '' ? [] : [text], context);
  const standard = { noNewPrivileges: true, seccomp: 'default', systemPaths: 'own' };
  table(parse, [
    ['', standard],
    ['no-new-privileges', standard],
    ['no-new-privileges=true', standard],
    ['no-new-privileges:true', standard],
    ['no-new-privileges=false', { ...standard, noNewPrivileges: false }],
    ['seccomp=unconfined', { ...standard, seccomp: 'unconfined' }],
    ['seccomp=default', standard],
    ['seccomp=p.json', { ...standard, seccomp: { path: '/home/me/p.json' } }],
    ['seccomp=/a=b:c.json', { ...standard, seccomp: { path: '/a=b:c.json' } }],
    ['apparmor=unconfined', { ...standard, appArmor: 'unconfined' }],
    ['apparmor=orlop-default', { ...standard, appArmor: 'orlop-default' }],
    ['apparmor:/usr/bin/a b//c', { ...standard, appArmor: '/usr/bin/a b//c' }],
    ['label=disable', standard],
    ['label:disable', standard],
    ['label=type:container_t', 'ORLOP_E_KERNEL'],
    ['label=level:s0:c1,c2', 'ORLOP_E_KERNEL'],
    ['label=user:u', 'ORLOP_E_KERNEL'],
    ['label=role:r', 'ORLOP_E_KERNEL'],
    ['label=disabled', 'ORLOP_E_INPUT'],
    ['label', 'ORLOP_E_INPUT'],
    ['apparmor', 'ORLOP_E_INPUT'],
    ['apparmor=', 'ORLOP_E_INPUT'],
    ['apparmor=a\nb', 'ORLOP_E_INPUT'],
    ['apparmor= a', 'ORLOP_E_INPUT'],
    [`apparmor=${'a'.repeat(501)}`, 'ORLOP_E_INPUT'],
    ['no-new-privileges=maybe', 'ORLOP_E_INPUT'],
    ['seccomp', 'ORLOP_E_INPUT'],
    ['seccomp=', 'ORLOP_E_INPUT'],
    ['systempaths=host', { ...standard, systemPaths: 'host' }],
    ['systempaths=unconfined', { ...standard, unmask: 'all' }],
    ['unmask=ALL', { ...standard, unmask: 'all' }],
    ['unmask=/proc/a:/sys/*', { ...standard, unmask: ['/proc/a', '/sys/*'] }],
    ['mask=/proc/a', { ...standard, mask: ['/proc/a'] }],
    ['systempaths', 'ORLOP_E_INPUT'],
    ['secomp=unconfined', 'ORLOP_E_INPUT'],
  ]);

  it('refuses a label by another sentence where SELinux is on', () => {
    const there = { ...context, seLinux: () => true };
    expect(parseSecurity(['label=disable'], there)).to.deep.equal(standard);
    for (const option of ['label=type:t', 'label=level:s0']) {
      expect(() => parseSecurity([option], there))
        .to.throw(RequestError, /SELinux come with a later version/)
        .with.property('code', 'ORLOP_E_LATER');
    }
  });
});

describe('a container name', () => {
  table(parseContainerName, [
    ['a', 'a'],
    ['web-1.x_y', 'web-1.x_y'],
    ['', 'ORLOP_E_INPUT'],
    ['-a', 'ORLOP_E_INPUT'],
    ['a/b', 'ORLOP_E_INPUT'],
    ['a b', 'ORLOP_E_INPUT'],
    ['a\n', 'ORLOP_E_INPUT'],
    ['..', 'ORLOP_E_INPUT'],
    ['a'.repeat(256), 'ORLOP_E_INPUT'],
  ]);
});

describe('a host name', () => {
  table(parseHostname, [
    ['web', 'web'],
    ['web-1.example.org', 'web-1.example.org'],
    ['a'.repeat(63), 'a'.repeat(63)],
    ['', 'ORLOP_E_INPUT'],
    ['-a', 'ORLOP_E_INPUT'],
    ['a-', 'ORLOP_E_INPUT'],
    ['a..b', 'ORLOP_E_INPUT'],
    ['a_b', 'ORLOP_E_INPUT'],
    ['a'.repeat(64), 'ORLOP_E_INPUT'],
    [`${'a'.repeat(40)}.${'b'.repeat(40)}`, 'ORLOP_E_INPUT'],
  ]);
});

describe('a user', () => {
  table(parseUser, [
    ['root', 'root'],
    ['1000', '1000'],
    ['1000:100', '1000:100'],
    ['www-data:www-data', 'www-data:www-data'],
    ['4294967294', '4294967294'],
    ['', 'ORLOP_E_INPUT'],
    [':100', 'ORLOP_E_INPUT'],
    ['root:', 'ORLOP_E_INPUT'],
    ['a:b:c', 'ORLOP_E_INPUT'],
    ['-1', 'ORLOP_E_INPUT'],
    ['4294967295', 'ORLOP_E_INPUT'],
    ['4294967296', 'ORLOP_E_INPUT'],
    ['0:99999999999999999999', 'ORLOP_E_INPUT'],
    ['ro\0ot', 'ORLOP_E_INPUT'],
  ]);
});

describe('a network', () => {
  table(parseNetwork, [
    ['none', 'none'],
    ['host', 'host'],
    ['default', 'none'],
    ['bridge', 'ORLOP_E_LATER'],
    ['container:x', 'ORLOP_E_LATER'],
    ['', 'ORLOP_E_INPUT'],
    ['Host', 'ORLOP_E_INPUT'],
  ]);
});

describe('a namespace', () => {
  for (const option of ['pid', 'cgroupns'] as const) {
    table(
      (text) => parseNamespace(option, text),
      [
        ['host', 'host'],
        ['private', 'private'],
        ['', 'private'],
        ['container:x', 'ORLOP_E_LATER'],
        ['ns:/proc/1/ns/pid', 'ORLOP_E_LATER'],
        ['Host', 'ORLOP_E_INPUT'],
        ['none', 'ORLOP_E_INPUT'],
      ],
    );
  }
});

describe('a working directory', () => {
  table(parseWorkdir, [
    ['/', '/'],
    ['/a/./b/', '/a/b'],
    ['a', 'ORLOP_E_INPUT'],
    ['', 'ORLOP_E_INPUT'],
    ['/a\0', 'ORLOP_E_INPUT'],
  ]);
});

describe('labels', () => {
  it('are pairs, of which the last one holds', () => {
    expect(parseLabels(['a=1', 'b', 'a=2=3'])).to.deep.equal({ a: '2=3', b: '' });
  });

  it('may be named like members of every object', () => {
    expect(Object.entries(parseLabels(['__proto__=x', 'constructor=y']))).to.deep.equal([
      ['__proto__', 'x'],
      ['constructor', 'y'],
    ]);
  });

  it('need a key', () => {
    expect(() => parseLabels(['=x'])).to.throw(RequestError, /no key/);
    expect(() => labelsFromEntries([['a', '\0']])).to.throw(RequestError, /NUL/);
  });
});

describe('the near name', () => {
  it('is found across one exchange, and not across half a word', () => {
    expect(nearest('vloume', ['volume', 'name'])).to.equal('volume');
    expect(nearest('xyz', ['volume', 'name'])).to.equal(undefined);
    expect(nearest('U', ['z', 'Z'])).to.equal(undefined);
    expect(nearest('rp', ['rw', 'z'])).to.equal('rw');
  });
});
