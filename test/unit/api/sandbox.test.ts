import { expect } from 'chai';
import { type AnySandboxOptions, sandboxOptions } from '../../../ts/api/sandbox.ts';
import { allIds } from '../../../ts/native/ids.ts';
import { rootRights } from '../../../ts/native/rights.ts';

const one = [{ inside: 0, outside: 1600, count: 1 }];
const range = [...one, { inside: 1, outside: 300_000, count: 65_535 }];
const narrow = [{ inside: 0, outside: 0, count: 1000 }];

describe('the options of a sandbox', () => {
  const ofRoot = (options: AnySandboxOptions = {}) => sandboxOptions(options, rootRights);
  const limitsOf = (limits: AnySandboxOptions['limits']) => ofRoot({ limits }).limits;
  const ofUser = (users = range, groups = users) => sandboxOptions({}, { kind: 'user', users, groups });

  it('have defaults for what is not trusted', () => {
    expect(ofRoot()).to.deep.equal({
      readOnly: true,
      tmpfs: ['/tmp:size=64m,nr_inodes=16k,exec'],
      workdir: '/tmp',
      user: '1000:1000',
      network: 'none',
      userns: 'auto',
      timeout: 10_000,
      maxBuffer: 1_048_576,
      capDrop: ['ALL'],
      ulimits: ['sigpending=1024', 'msgqueue=131072'],
      limits: { memory: '256m', swap: 0, cpus: 1, pids: 64 },
      reject: false,
    });
  });

  it('ask for no user namespace where there is one already', () => {
    expect(ofUser()).to.include({ user: '1000:1000' }).and.not.to.have.property('userns');
    expect(sandboxOptions({}, { kind: 'none', users: allIds, groups: allIds })).not.to.have.property('userns');
  });

  it('have the only user where there are no others', () => {
    expect(ofUser(one).user).to.equal('0:0');
    expect(ofUser(range, one).user).to.equal('0:0');
    expect(ofUser(narrow).user).to.equal('0:0');
  });

  it('are those of the caller where it has some', () => {
    const own = {
      readOnly: false,
      tmpfs: ['/work'],
      workdir: '/work',
      user: '7',
      userns: 'host',
      timeout: 0,
      env: ['A=b'],
    };
    expect(ofRoot({ ...own, maxBuffer: Number.POSITIVE_INFINITY, encoding: 'buffer' })).to.deep.include({
      ...own,
      maxBuffer: Number.POSITIVE_INFINITY,
      encoding: 'buffer',
    });
    expect(ofRoot({ readOnly: undefined, timeout: undefined, limits: undefined })).to.deep.equal(ofRoot());
  });

  it('add the limits of processes to their own, the last of which holds', () => {
    const { ulimits } = ofRoot({ ulimits: ['nproc=64', 'msgqueue=0'] });
    expect(ulimits).to.deep.equal(['sigpending=1024', 'msgqueue=131072', 'nproc=64', 'msgqueue=0']);
  });

  it('never give capabilities back by dropping others', () => {
    expect(ofRoot({ capDrop: ['CHOWN'], capAdd: ['KILL'] })).to.deep.include({
      capDrop: ['ALL', 'CHOWN'],
      capAdd: ['KILL'],
    });
  });

  it('never throw for a run that failed', () => {
    expect(ofRoot({ reject: true } as object).reject).to.equal(false);
  });

  it('merge limits one by one', () => {
    expect(limitsOf({ pids: 8, cpusetCpus: '0' })).to.deep.equal({
      memory: '256m',
      swap: 0,
      cpus: 1,
      pids: 8,
      cpusetCpus: '0',
    });
    expect(limitsOf({ memory: undefined, pids: undefined })).to.deep.equal(ofRoot().limits);
  });

  it('leave out the limits that are null', () => {
    expect(limitsOf(null)).to.equal(undefined);
    expect(limitsOf({ cpus: null, swap: null })).to.deep.equal({ memory: '256m', pids: 64 });
  });

  it('leave out what contradicts a limit of the caller', () => {
    expect(limitsOf({ memory: null })).to.deep.equal({ cpus: 1, pids: 64 });
    expect(limitsOf({ memory: null, swap: 0 })).to.have.property('swap', 0);
    expect(limitsOf({ cpuQuota: 5000 })).to.deep.equal({ memory: '256m', swap: 0, pids: 64, cpuQuota: 5000 });
  });

  it('have the time and the outputs of the limits, where those say so', () => {
    expect(ofRoot({ limits: { wallTime: 20_000 } })).to.include({ timeout: 0, maxBuffer: 1_048_576 });
    expect(ofRoot({ limits: { output: 5 } })).to.include({ timeout: 10_000, maxBuffer: Number.POSITIVE_INFINITY });
    expect(ofRoot({ limits: { wallTime: null } })).to.include({ timeout: 10_000 });
    expect(ofRoot({ limits: { wallTime: 20_000 }, timeout: 7 })).to.include({ timeout: 7 });
  });

  it('pass on what is no object, which is refused later', () => {
    expect(ofRoot({ limits: 5 } as object).limits).to.equal(5);
  });
});
