import { expect } from 'chai';
import { LaunchError } from '../../../ts/errors/index.ts';
import { describeErrno } from '../../../ts/linux/errno.ts';
import { attribute } from '../../../ts/linux/mount-attributes.ts';
import type { NativeFailure } from '../../../ts/native/contract.ts';
import { buildPlan } from '../../../ts/plan/build.ts';
import { explainFailure } from '../../../ts/plan/failure.ts';
import { type OpName, ops } from '../../../ts/plan/ops.ts';
import type { Op, Plan } from '../../../ts/plan/types.ts';
import { makeBind, makeFacts, makeProcess, makeTmpfs } from '../../support/facts.ts';

const plan = buildPlan(
  makeFacts({
    mounts: [makeBind('/test', { reason: 'volume data', attributes: attribute.readonly }), makeTmpfs('/run')],
    maskedPaths: ['/proc/kcore'],
    sysctls: [{ name: 'net.x', value: '1' }],
    process: makeProcess({ oomScore: -5, rlimits: [{ resource: 'nofile', soft: 1n, hard: 2n }] }),
  }),
);

function fail(of: Plan, matches: (op: Op) => boolean, errno: number, syscall: string, detail = 0): LaunchError {
  const index = [...of.prepare, ...of.enter].findIndex(matches);
  const step = ops[[...of.prepare, ...of.enter][index]?.op ?? 'exec'].code;
  const failure: NativeFailure = { step, syscall, op: index, errno, code: describeErrno(errno)[0], detail };
  return explainFailure(of, failure);
}

const is = (name: OpName) => (op: Op) => op.op === name;

describe('error of a refused start', () => {
  it('has the shape of a system error of Node', () => {
    const error = fail(plan, is('bind'), 2, 'openat');
    expect(error).to.be.instanceOf(LaunchError);
    expect(error.message).to.equal(`ENOENT: no such file or directory, openat '/host/test' -> '/test' (volume data)`);
    expect(error).to.include({
      code: 'ENOENT',
      errno: -2,
      syscall: 'openat',
      path: '/host/test',
      dest: '/test',
      step: 'bind',
      reason: 'volume data',
      exitCode: 125,
    });
    expect(error.hint).to.equal(`the source does not exist: create '/host/test' first`);
  });

  it('tells a directory on a file from other refusals', () => {
    const attach = (op: Op): boolean => op.op === 'attach' && op.target === '/test';
    expect(fail(plan, attach, 20, 'move_mount').hint).to.match(/directory was to be mounted on a file/);
    expect(fail(plan, attach, 30, 'mkdirat').hint).to.match(/'\/test' is missing and lies below something read-only/);
    expect(fail(plan, is('bind'), 116, 'fstat')).to.include({ code: 'ESTALE', exitCode: 125 });
    expect(fail(plan, is('capabilities'), 1, 'capset').hint).to.match(/cannot give what it has not got/);
    expect(fail(plan, is('attributes'), 22, 'mount_setattr').hint).to.match(/does not know an option/);
    expect(fail(plan, is('proc'), 1, 'fsmount').hint).to.match(/hides parts of '\/proc'.*systempaths=unconfined/);
    expect(fail(plan, is('tmpfs'), 1, 'fsmount').hint).to.match(/needs root/);
    expect(fail(plan, is('propagation'), 38, 'mount').hint).to.match(/doctor/);
  });

  it('names a source of mounts that are not binds', () => {
    expect(fail(plan, is('sysfs'), 19, 'fsopen').message).to.equal(
      `ENODEV: no such device, fsopen 'sysfs' -> '/sys' (default /sys)`,
    );
    expect(fail(plan, is('rlimit'), 1, 'prlimit64').message).to.match(/prlimit64 'nofile' \(limit nofile\)$/);
    expect(fail(plan, is('sysctl'), 2, 'openat2').path).to.equal('net.x');
  });

  it('has a hint for each refusal of a setting', () => {
    expect(fail(plan, is('sysctl'), 21, 'openat').hint).to.equal(
      `'net.x' is a directory of settings: name one of them`,
    );
    expect(fail(plan, is('sysctl'), 5, '').hint).to.match(/no such value for 'net\.x'/);
    expect(fail(plan, is('oom-score'), 13, 'write').hint).to.match(/takes CAP_SYS_RESOURCE/);
    expect(fail(plan, is('oom-score'), 13, 'openat').hint).to.match(/belongs to another user/);
    const inside = { ...plan, namespaces: ['user'] } as const;
    expect(fail(inside, is('oom-score'), 13, 'write').hint).to.match(/'--userns host'/);
  });

  it('has a hint for a profile of AppArmor that the kernel does not take', () => {
    const confined = buildPlan(makeFacts({ appArmor: 'mine' }));
    const gone = fail(confined, is('apparmor'), 2, 'write');
    expect(gone.message).to.match(/^ENOENT: .*, write 'mine' \(mandatory access control\)$/);
    expect(gone.hint).to.match(/no profile 'mine' any more.*apparmor=unconfined/);
    expect(fail(confined, is('apparmor'), 2, 'openat').hint).to.match(/kernel has no AppArmor/);
    expect(fail(confined, is('apparmor'), 13, 'write').hint).to.match(/profile of the caller.*change_profile/);
  });

  it('is 127 when the program is not found, and says where it was looked for', () => {
    const error = fail(plan, is('exec'), 2, 'openat2', 1);
    expect(error.message).to.equal(`ENOENT: executable 'sh' not found in $PATH, openat2 'sh'`);
    expect(error).to.include({ exitCode: 127, path: 'sh', step: 'exec' });
    const named = buildPlan(makeFacts({ process: makeProcess({ argv: ['/bin/x'], candidates: ['/bin/x'] }) }));
    const missing = fail(named, is('exec'), 2, 'openat2');
    expect(missing.message).to.equal(`ENOENT: no such file or directory, openat2 '/bin/x'`);
    expect(missing).to.include({ exitCode: 127, path: '/bin/x' });
  });

  it('is 127 for a program without a name, which leads to a directory of $PATH', () => {
    const empty = buildPlan(makeFacts({ process: makeProcess({ argv: [''], candidates: ['/bin/', '/usr/bin/'] }) }));
    const error = fail(empty, is('exec'), 13, 'execve');
    expect(error.message).to.match(/^ENOENT: executable '' not found in \$PATH/);
    expect(error).to.include({ exitCode: 127, code: 'ENOENT', errno: -2 });
  });

  it('names every errno of Linux', () => {
    // 41 and 58 are not used; 133 is the last one.
    const numbers = Array.from({ length: 133 }, (_, index) => index + 1).filter((one) => one !== 41 && one !== 58);
    const nameless = numbers.filter((one) => !/^E(?!\d+$)[A-Z0-9]+$/.test(describeErrno(one)[0]));
    expect(nameless).to.deep.equal([]);
    expect(new Set(numbers.map((one) => describeErrno(one)[0]))).to.have.property('size', numbers.length);
  });

  it('has a hint where an automount point is in the way, and where a call is not supported', () => {
    expect(fail(plan, is('overlay'), 66, 'move_mount')).to.include({ code: 'EREMOTE' });
    for (const name of ['overlay', 'attach', 'exec'] as const)
      expect(fail(plan, is(name), 66, 'openat2').hint).to.match(/automount/);
    expect(fail(plan, is('root'), 95, 'move_mount').hint).to.match(/doctor/);
  });

  it('is 127 when the interpreter of the program is not there', () => {
    const error = fail(plan, is('exec'), 2, 'execve', 1);
    expect(error.message).to.equal(`ENOENT: no such file or directory, execve '/bin/sh'`);
    expect(error.exitCode).to.equal(127);
    expect(error.hint).to.match(/interpreter/);
  });

  it('names the operation where the executor itself refused', () => {
    const attach = (op: Op): boolean => op.op === 'attach' && op.target === '/test';
    const error = fail(plan, attach, 1, '');
    expect(error.message).to.equal(`EPERM: operation not permitted, attach '/host/test' -> '/test' (volume data)`);
    expect(error.syscall).to.equal('attach');
    expect(fail(plan, is('exec'), 13, '').message).to.match(/^EACCES: permission denied, execve /);
  });

  it('is 126 when the program cannot be executed', () => {
    for (const [errno, code] of [
      [13, 'EACCES'],
      [8, 'ENOEXEC'],
      [7, 'E2BIG'],
      [40, 'ELOOP'],
    ] as const) {
      const error = fail(plan, is('exec'), errno, 'execve', 1);
      expect(error).to.include({ exitCode: 126, code, path: '/bin/sh' });
      expect(error.hint, code).to.be.a('string');
    }
  });

  it('explains a plan that the executor did not take', () => {
    const error = explainFailure(plan, { step: 0, syscall: '', op: 0, errno: 22, code: 'EINVAL', detail: 0 });
    expect(error.message).to.equal('EINVAL: invalid argument, the executor refused the plan');
    expect(error).to.include({ step: 'plan', exitCode: 125 });
  });

  it('has words for every operation and errno', () => {
    for (const [index, op] of [...plan.prepare, ...plan.enter].entries()) {
      for (let errno = 1; errno < 134; errno++) {
        const failure = { step: ops[op.op].code, syscall: 'call', op: index, errno, code: '', detail: 9 };
        const { message, hint } = explainFailure(plan, failure);
        expect(message)
          .to.match(/^E[A-Z0-9]+: [a-z]/)
          .and.not.match(/undefined/);
        expect(hint ?? '').not.to.match(/undefined|\.$/);
      }
    }
  });
});
