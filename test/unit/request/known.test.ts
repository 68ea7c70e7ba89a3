import { expect } from 'chai';
import { knownApplicationRequest, knownRequest } from '../../../ts/request/known.ts';
import { parseApplicationOptions, parseRunOptions } from '../../../ts/request/options.ts';
import type { RunOptions } from '../../../ts/request/types.ts';

const context = { cwd: '/home/a', env: { HERE: 'a' }, kernel: () => '6.12', online: () => '0-3', seLinux: () => false };
const read = (options: object, argv: readonly string[] = ['true'], where = context) =>
  knownRequest('busybox', argv, options as RunOptions, where);
const parsed = (options: object, argv: readonly string[] = ['true'], where = context) =>
  parseRunOptions('busybox', argv, options as RunOptions, where);

describe('a request that was read before', () => {
  it('is the same for the same options, and what would be read from them', () => {
    const all = [
      {},
      { volumes: ['/host:/a', 'data:/b:ro'], rm: true, network: 'host', shmSize: 1 << 20 },
      { env: { A: '1' }, labels: { a: 'b' }, user: '1:2' },
      { limits: { memory: '1g', cpus: 0.5 }, cgroupParent: '/a' },
      { env: ['A=1', 'B=2'], labels: ['a=b'], tmpfs: ['/t'], capAdd: ['NET_ADMIN'] },
    ];
    for (const options of all) {
      expect(read(options)).to.equal(read(structuredClone(options)));
      expect(read(options)).to.deep.equal(parsed(options));
    }
  });

  it('is another for other options, however alike they look', () => {
    const all: [object, string[]?][] = [
      [{}],
      [{}, ['true', 'x']],
      [{}, ['true,x']],
      [{ env: ['A=1'] }],
      [{ env: ['A=1', 'B=2'] }],
      [{ env: ['A=1","B=2'] }],
      [{ env: { A: '1', B: '2', C: '3' } }],
      [{ labels: ['A=1'] }],
      [{ labels: { A: '2' } }],
      [{ user: '1' }],
      [{ hostname: '1' }],
      [{ shmSize: 1 << 20 }],
      [{ shmSize: '2m' }],
      [{ limits: { pids: 1 } }],
      [{ limits: { pids: 2 } }],
      [{ limits: { cpuShares: 2 } }],
    ];
    const requests = all.map(([options, argv]) => read(options, argv));
    expect(new Set(requests).size).to.equal(all.length);
    for (const [index, [options, argv]] of all.entries()) {
      expect(requests[index]).to.deep.equal(parsed(options, argv));
    }
  });

  it('is read anew where the directory or the environment say what is meant', () => {
    const there = {
      cwd: '/home/b',
      env: { HERE: 'b' },
      kernel: () => '6.12',
      online: () => '0-3',
      seLinux: () => false,
    };
    const all = [
      { volumes: ['./x:/x'] },
      { volumes: ['.:/x'] },
      { volumes: [{ source: './x', target: '/x' }] },
      { env: ['HERE'] },
      { securityOpt: ['seccomp=./profile.json'] },
    ];
    for (const options of all) {
      read(options);
      expect(read(options, ['true'], there)).to.deep.equal(parsed(options, ['true'], there));
      expect(read(options, ['true'], there)).not.to.deep.equal(read(options));
    }
  });

  it('does not let through what is refused, though something like it was read before', () => {
    const like = [
      [{ rm: true }, { rm: 'true' }],
      [{}, { rm: () => true }],
      [{}, { name: Symbol('a') }],
      [{ hostname: 'box' }, { hostname: { toJSON: () => 'box' } }],
      [{ env: { A: '1' } }, { env: { A: 1 } }],
      [{ env: ['A=1'] }, { env: [['A=1']] }],
      [{ volumes: ['/a'] }, { volumes: [new String('/a')] }],
      [{ volumes: [] }, { volumes: new Array(1) }],
      [{ shmSize: 1 }, { shmSize: Number.NaN }],
      [{ shmSize: 1 }, { shmSize: null }],
      [{ user: '1' }, { user: '1', more: true }],
      [{ limits: { pids: 1 } }, { limits: { pids: true } }],
      [{ limits: { pids: 1 } }, { limits: { pids: Number.NaN } }],
      [{ limits: { pids: 1 } }, { limits: { pid: 1 } }],
    ] as const;
    for (const [good, bad] of like) {
      read(good);
      expect(() => parsed(bad), JSON.stringify(bad)).to.throw();
      expect(() => read(bad), JSON.stringify(bad)).to.throw();
    }
  });

  it('is the same for a container that is made already, with nothing but its own options', () => {
    const given = { env: ['A=1'], volumes: ['/a:/a'], user: '1', workdir: '/w' };
    const own = knownApplicationRequest(['true'], given, context);
    expect(own).to.deep.equal(parseApplicationOptions(['true'], given, context));
    expect(knownApplicationRequest(['true'], { ...given }, context)).to.equal(own);
    const { argv, env, user, workdir, mounts } = parsed(given);
    expect(own).to.deep.equal({ argv, env, user, workdir, mounts });
    expect(knownApplicationRequest(['false'], given, context)).not.to.deep.equal(own);
    for (const bad of [{ rm: true }, { env: { A: 1 } }, { volumes: [7] }]) {
      expect(() => knownApplicationRequest(['true'], bad as object, context), JSON.stringify(bad)).to.throw();
    }
  });
});
