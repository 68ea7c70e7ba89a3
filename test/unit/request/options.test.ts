import { expect } from 'chai';
import { RequestError } from '../../../ts/errors/index.ts';
import { parseRunOptions } from '../../../ts/request/options.ts';
import type { RunOptions, RunRequest } from '../../../ts/request/types.ts';

const context = {
  cwd: '/home/me',
  env: { LANG: 'C' },
  kernel: () => '6.12',
  online: () => '0-3',
  seLinux: () => false,
};
const parse = (options: unknown, argv: readonly string[] = []) =>
  parseRunOptions('host', argv, options as RunOptions, context);

describe('a request', () => {
  it('has these defaults', () => {
    const expected: RunRequest = {
      image: 'host',
      argv: [],
      name: null,
      rm: false,
      mounts: [],
      tmpfs: [],
      env: [],
      workdir: null,
      user: null,
      hostname: null,
      entrypoint: null,
      readOnly: false,
      capabilities: { add: [], drop: [] },
      security: { noNewPrivileges: true, seccomp: 'default', systemPaths: 'own' },
      ulimits: [],
      limits: {},
      sysctls: [],
      oomScoreAdj: null,
      network: 'none',
      extraHosts: [],
      dns: { servers: [], search: [], options: [] },
      groupAdd: [],
      pid: 'private',
      cgroupns: 'private',
      interactive: false,
      labels: {},
      shmSize: 64 * 1024 * 1024,
      stopSignal: null,
      stopTimeout: null,
      userns: 'default',
      devices: [],
      deviceRules: [],
      privileged: false,
      isolation: [],
    };
    expect(parse({})).to.deep.equal(expected);
  });

  it('takes every option, as text and as objects', () => {
    const request = parse(
      {
        name: 'web',
        rm: true,
        volumes: ['./src:/src:ro', { target: '/cache' }],
        tmpfs: ['/run', { target: '/tmp', size: 4096 }],
        env: ['A=1', 'LANG'],
        workdir: '/src/',
        user: '1000:100',
        hostname: 'web',
        entrypoint: ['sh', '-c'],
        readOnly: true,
        capAdd: ['net_admin', 'CAP_NET_ADMIN'],
        capDrop: ['ALL'],
        securityOpt: ['seccomp=unconfined'],
        ulimits: ['core=0'],
        limits: { memory: '512m', cpus: 0.5, deviceReadBps: ['/dev/sda:1m'], deviceWriteBps: { '/dev/sda': 5 } },
        cgroupParent: 'batch',
        sysctls: { 'kernel.shmmax': '1' },
        oomScoreAdj: 5,
        network: 'host',
        interactive: true,
        labels: ['a=b'],
        shmSize: '1m',
        extraHosts: ['db:10.0.0.7', 'web=[2001:db8::7]'],
        dns: ['192.0.2.53'],
        dnsSearch: ['.'],
        groupAdd: ['audio', 'audio', '44'],
        stopSignal: 'INT',
        stopTimeout: -1,
        userns: 'auto:size=1000',
        devices: ['/dev/fuse', { host: '/dev/a:b', container: '/dev/b', permissions: 'r' }],
        deviceCgroupRules: ['c 10:229 r'],
        isolation: ['ids', 'filter'],
      },
      ['true'],
    );
    expect(request).to.deep.include({
      argv: ['true'],
      name: 'web',
      rm: true,
      env: [
        { name: 'A', value: '1' },
        { name: 'LANG', value: 'C' },
      ],
      workdir: '/src',
      user: '1000:100',
      hostname: 'web',
      entrypoint: ['sh', '-c'],
      readOnly: true,
      capabilities: { add: ['CAP_NET_ADMIN'], drop: ['ALL'] },
      security: { noNewPrivileges: true, seccomp: 'unconfined', systemPaths: 'own' },
      ulimits: [{ name: 'core', soft: 0, hard: 0 }],
      limits: {
        memory: 512 * 1024 ** 2,
        cpu: { quota: 50_000, period: 100_000 },
        deviceRates: [
          { kind: 'rbps', path: '/dev/sda', rate: 1024 ** 2 },
          { kind: 'wbps', path: '/dev/sda', rate: 5 },
        ],
        cgroupParent: '/batch',
      },
      sysctls: [{ name: 'kernel.shmmax', value: '1' }],
      oomScoreAdj: 5,
      network: 'host',
      interactive: true,
      labels: { a: 'b' },
      shmSize: 1024 * 1024,
      extraHosts: [
        { name: 'db', address: '10.0.0.7' },
        { name: 'web', address: '2001:db8::7' },
      ],
      dns: { servers: ['192.0.2.53'], search: ['.'], options: [] },
      groupAdd: ['audio', '44'],
      stopSignal: 2,
      stopTimeout: -1,
      userns: { first: null, size: 1000 },
      devices: [
        { host: '/dev/fuse', container: '/dev/fuse', permissions: 'rwm' },
        { host: '/dev/a:b', container: '/dev/b', permissions: 'r' },
      ],
      deviceRules: [{ type: 'c', major: 10, minor: 229, access: 'r' }],
      isolation: ['filter', 'ids'],
    });
    expect(request.mounts.map(({ target }) => target)).to.deep.equal(['/src', '/cache']);
    expect(request.tmpfs.map(({ size }) => size)).to.deep.equal([null, 4096]);
  });

  it('survives JSON, in which it is recorded', () => {
    const request = parse({ volumes: ['/x'], ulimits: ['nofile=-1'], env: { A: null }, limits: { pids: -1 } });
    expect(JSON.parse(JSON.stringify(request))).to.deep.equal(request);
  });

  it('takes variables and labels as an object, whatever their names', () => {
    const request = parse({ env: { constructor: 'x', B: null }, labels: { toString: 'y' } });
    expect(request.env).to.deep.equal([
      { name: 'constructor', value: 'x' },
      { name: 'B', value: null },
    ]);
    expect(Object.entries(request.labels)).to.deep.equal([['toString', 'y']]);
  });

  it('knows an empty entrypoint from none', () => {
    expect(parse({ entrypoint: '' }).entrypoint).to.deep.equal([]);
    expect(parse({ entrypoint: 'sh' }).entrypoint).to.deep.equal(['sh']);
    expect(parse({}).entrypoint).to.equal(null);
  });

  for (const [options, message, hint] of [
    [{ volumez: [] }, /there is no option 'volumez'/, /did you mean 'volumes'/],
    [{ volumes: [{ target: '/x', readnly: true }] }, /there is no option 'volumes.0.readnly'/, undefined],
    [{ volumes: [{ target: 3 }] }, /'volumes.0.target' is 3, expected a string$/, undefined],
    [{ volumes: [{ source: 'x' }] }, /'volumes.0.target' is missing$/, undefined],
    [{ volumes: '/x' }, /'volumes' is "\/x", expected a list$/, undefined],
    [{ volumes: [3] }, /'volumes.0' is 3/, undefined],
    [{ rm: 'yes' }, /'rm' is "yes", expected true or false$/, undefined],
    [{ env: { A: 1 } }, /'env.A' is 1, expected a string or null$/, undefined],
    [{ env: 'A=1' }, /'env' is "A=1", expected a list or an object$/, undefined],
    [{ labels: { a: null } }, /'labels.a' is null, expected a string$/, undefined],
    [{ cwd: '/x' }, /there is no option 'cwd'/, /^write 'workdir'$/],
    [{ mounts: [] }, /there is no option 'mounts'/, /'volumes'/],
    [{ encoding: 'buffer' }, /there is no option 'encoding'/, /option of run/],
    [{ memory: '1g' }, /there is no option 'memory'/, /^write it in 'limits': limits: { memory: '512m' }$/],
    [{ pidsLimit: 1 }, /there is no option 'pidsLimit'/, /limits: { pids: 64 }/],
    [{ ports: [] }, /'ports' comes with a later version/, /^until then: /],
    [{ limits: { memry: 1 } }, /there is no option 'limits.memry'/, /^did you mean 'memory'\?$/],
    [{ limits: { volumez: 1 } }, /there is no option 'limits.volumez'$/, undefined],
    [{ limits: { memorySwap: 1 } }, /there is no option 'limits.memorySwap'/, /^write 'swap'/],
    [{ limits: { cgroupParent: '/' } }, /there is no option 'limits.cgroupParent'/, /beside 'limits'/],
    [{ limits: { storage: 1 } }, /there is no option 'limits.storage'/, /'disk'/],
    [{ storageOpt: ['size=1g'] }, /there is no option 'storageOpt'/, /disk/],
    [{ limits: '1g' }, /'limits' is "1g", expected an object$/, undefined],
    [{ limits: { cpus: true } }, /'limits.cpus' is true, expected a string or a number$/, undefined],
    [
      { limits: { deviceReadBps: '/dev/sda:1' } },
      /'limits.deviceReadBps' is .*, expected a list or an object$/,
      undefined,
    ],
    [{ limits: { deviceReadBps: { '/dev/sda': null } } }, /is null, expected a string or a number$/, undefined],
    [{ env: { A: 'half \ud83d' } }, /half of a surrogate pair/, /cut/],
    [{ labels: { '\udc00': '' } }, /half of a surrogate pair/, /cut/],
    [{ tmpfs: [{ target: '/x', uid: -1 }] }, /'tmpfs.0.uid' is -1, expected >=0/, undefined],
    [null, /'options' is null/, undefined],
    [{ env: { 'A=B': '1' } }, /contains '='/, undefined],
    [{ userns: 'private' }, /'private' is no user namespace/, /UID:GID:SIZE/],
    [{ userns: '4294967000:0:65536' }, /IDs that there are not/, /4294967294/],
    [{ userns: 'auto:size=0' }, /IDs that there are not/, /at least one/],
    [{ securityOpt: ['systempaths=x'] }, /no way to show/, /systempaths=host/],
    [{ securityOpt: ['mask=proc'] }, /no absolute, plain path/, /colons/],
    [{ securityOpt: ['unmask=/'] }, /no absolute, plain path/, /colons/],
    [{ securityOpt: ['mask=/a/../b'] }, /no absolute, plain path/, /colons/],
    [{ isolation: 'usr' }, /no isolation 'usr'/, /user/],
    [{ extraHosts: ['db'] }, /'db:' is no host with its address/, /write 'NAME:ADDRESS'/],
    [{ extraHosts: ['db:name'] }, /'db:name' is no host/, undefined],
    [{ extraHosts: { 'a\n10.0.0.1 b': '10.0.0.7' } }, /is no host/, undefined],
    [{ extraHosts: ['host:host-gateway'] }, /'host-gateway' of 'host' comes with a later version/, /--network host/],
    [{ dns: ['name'] }, /the name server 'name' is no IP address/, undefined],
    [{ dnsSearch: ['a b'] }, /'a b' is no domain/, undefined],
    [{ dnsOptions: ['a\nnameserver 1.2.3.4'] }, /is no option of resolv.conf/, undefined],
    [{ groupAdd: ['a:b'] }, /'a:b' is not a group/, undefined],
    [{ shmSize: -1 }, /'-1' is not a size/, undefined],
  ] as const) {
    it(`refuses ${JSON.stringify(options)}`, () => {
      const thrown = expect(() => parse(options)).to.throw(RequestError, message);
      if (hint !== undefined) thrown.with.property('hint').that.matches(hint);
    });
  }

  it('refuses a command that no program can be given', () => {
    expect(() => parse({}, ['a\0b'])).to.throw(RequestError, /NUL/);
    expect(() => parse({}, ['a\ud83d'])).to.throw(RequestError, /half of a surrogate pair/);
    expect(parse({}, ['a\ud83d\ude00']).argv).to.deep.equal(['a\ud83d\ude00']);
    expect(() => parse({}, [3] as unknown as string[])).to.throw(RequestError, /list of strings/);
    expect(() => parse({}, 'true' as unknown as string[])).to.throw(RequestError, /list of strings/);
  });

  it('refuses to be without an image', () => {
    expect(() => parseRunOptions('', [], {}, context))
      .to.throw(RequestError)
      .with.property('code', 'ORLOP_E_REFERENCE');
  });
});
