import { expect } from 'chai';
import fc from 'fast-check';
import { RequestError } from '../../../../ts/errors/index.ts';
import { defaultCapabilities } from '../../../../ts/plan/defaults.ts';
import { compileProfile } from '../../../../ts/plan/seccomp/compile.ts';
import { askedCapabilities, compiled } from '../../../../ts/plan/seccomp/compiled.ts';
import type { FilterTarget } from '../../../../ts/plan/seccomp/decisions.ts';
import { defaultProfile } from '../../../../ts/plan/seccomp/default-profile.ts';
import { defaultFilter } from '../../../../ts/plan/seccomp/filter.ts';
import { keyFor } from '../../../../ts/plan/seccomp/precompiled.ts';
import {
  action,
  allTables,
  type Condition,
  capabilitiesAskedBy,
  type SeccompProfile,
  type SeccompRule,
} from '../../../../ts/plan/seccomp/profile.ts';
import { auditArch, type SyscallTable, syscallsOf } from '../../../../ts/plan/seccomp/syscalls.ts';
import { type Call, runFilter } from '../../../support/bpf.ts';
import { makeOracle } from '../../../support/seccomp-oracle.ts';

const none = [0n, 0n, 0n, 0n, 0n, 0n];

function callOf(table: SyscallTable, name: string, ...args: bigint[]): Call {
  const number = syscallsOf(table).get(name);
  if (number === undefined) throw new Error(`${table} has no ${name}`);
  return { arch: auditArch[table], number, args: [...args, ...none].slice(0, 6) };
}

/** Around all that a table has, and the ends of what a number can be. */
function numbersOf(table: SyscallTable): number[] {
  const base = table === 'x32' ? 0x4000_0000 : 0;
  const near = Array.from({ length: 620 }, (_, index) => base + index);
  const special = [0xeffff, 0xf0000, 0xf0001, 0xf0002, 0xf0005, 0xf0006, 0xfffff, 0x100000];
  return [...near, ...special, base - 1, 0x3fff_ffff, 0x7fff_ffff, 0xffff_fffe, 0xffff_ffff].map((one) => one >>> 0);
}

const telling = [0n, 2n, 8n, 38n, 39n, 40n, 41n, 0x2_0008n, 0x7e02_0000n, 0xffff_ffffn, (1n << 32n) | 38n];

describe('seccomp filter', () => {
  const sets = [[], defaultCapabilities, ['CAP_SYS_ADMIN'], ['CAP_SYS_PTRACE', 'CAP_BPF', 'CAP_SYS_TIME']];
  for (const arch of ['x64', 'arm64'] as const) {
    it(`decides as the default profile does, for every number on ${arch}`, () => {
      for (const capabilities of sets) {
        const program = compileProfile(defaultProfile, { arch, capabilities });
        const ask = makeOracle(defaultProfile, { arch, capabilities });
        for (const table of allTables[arch]) {
          for (const number of numbersOf(table)) {
            const calls = telling.map((value) => ({ arch: auditArch[table], number, args: [value, ...none.slice(1)] }));
            for (const call of calls) {
              const expected = ask(call);
              if (runFilter(program, call) !== expected) {
                expect.fail(`${table} ${number} ${call.args[0]}: ${runFilter(program, call)}, not ${expected}`);
              }
            }
          }
        }
      }
    }).timeout(120_000);
  }

  it('lets CAP_MKNOD make files, whiteouts and the devices of every container, but none of the host', () => {
    const made = (mode: bigint, device: bigint) => [mode | 0o644n, device] as const;
    const [character, block] = [0o020000n, 0o060000n];
    const harmless = [0n, 0x103n, 0x105n, 0x107n, 0x108n, 0x109n, 0x500n].map((device) => made(character, device));
    const files = [0n, 0o100000n, 0o010000n, 0o140000n].map((mode) => made(mode, 0n));
    const hosts = [made(block, 0x800n), made(block, 0n), made(block, 0x103n), made(character, 0x101n)];
    for (const arch of ['x64', 'arm64'] as const) {
      const program = defaultFilter({ arch, capabilities: ['CAP_MKNOD'] });
      const ask = (table: SyscallTable, name: string, ...args: bigint[]) =>
        runFilter(program, callOf(table, name, ...args));
      for (const table of allTables[arch]) {
        const calls = [
          ...(syscallsOf(table).has('mknod') ? [(...args: bigint[]) => ask(table, 'mknod', 1n, ...args)] : []),
          (...args: bigint[]) => ask(table, 'mknodat', 3n, 1n, ...args),
        ];
        for (const call of calls) {
          for (const args of [...harmless, ...files]) expect(call(...args), `${args}`).to.equal(action.allow);
          for (const args of hosts) expect(call(...args), `${args}`).to.equal(action.errno(1));
        }
      }
    }
  });

  it('decides as any profile does, whatever it says', () => {
    const names = ['read', 'socket', 'bind', 'clone', 'mount', 'arch_prctl', 'semget', 'rt_sigaction', 'futex_requeue'];
    const actions = [action.allow, action.errno(1), action.errno(38), action.killProcess, action.log, action.trap];
    const edge = fc.constantFrom(0n, 1n, 2n, 40n, 0xffff_ffffn, 1n << 32n, (1n << 32n) | 40n, (1n << 64n) - 1n);
    const condition: fc.Arbitrary<Condition> = fc
      .record({
        index: fc.integer({ min: 0, max: 5 }),
        op: fc.constantFrom<Condition['op'][]>('NE', 'LT', 'LE', 'EQ', 'GE', 'GT', 'MASKED_EQ'),
        value: edge,
        mask: edge,
        bits: fc.constantFrom<Condition['bits'][]>(32, 64),
      })
      .map((one) => (one.bits === 32 ? { ...one, value: one.value & 0xffff_ffffn } : one)) as fc.Arbitrary<Condition>;
    const rule: fc.Arbitrary<SeccompRule> = fc.record({
      names: fc.uniqueArray(fc.constantFrom(...names), { minLength: 1, maxLength: 4 }),
      action: fc.constantFrom(...actions),
      conditions: fc.array(condition, { maxLength: 3 }),
    });
    const profile: fc.Arbitrary<SeccompProfile> = fc.record({
      defaultAction: fc.constantFrom(...actions),
      tables: fc.constantFrom(allTables, { x64: ['x86_64' as const], arm64: ['aarch64' as const] }),
      rules: fc.array(rule, { maxLength: 12 }),
    });
    const target: fc.Arbitrary<FilterTarget> = fc.record({
      arch: fc.constantFrom<FilterTarget['arch'][]>('x64', 'arm64'),
      capabilities: fc.constant([]),
    });
    const args = fc.array(edge, { minLength: 6, maxLength: 6 });
    fc.assert(
      fc.property(profile, target, fc.array(args, { minLength: 4, maxLength: 4 }), (given, at, lists) => {
        const program = compileProfile(given, at);
        const ask = makeOracle(given, at);
        for (const table of Object.keys(auditArch) as SyscallTable[]) {
          const named = [...names, 'getpid', 'socketcall', 'ipc', 'breakpoint'].map((name) =>
            syscallsOf(table).get(name),
          );
          for (const number of [...named, 5000, 0x4000_0001, 0xffff_ffff]) {
            if (number === undefined) continue;
            for (const list of lists) {
              const call = { arch: auditArch[table], number, args: list };
              expect(runFilter(program, call)).to.equal(ask(call));
            }
          }
        }
      }),
      { numRuns: 150 },
    );
  }).timeout(120_000);

  it('takes jumps further than a conditional one reaches', () => {
    const rules = [...syscallsOf('x86_64').keys()].map((name, index): SeccompRule => {
      const condition: Condition = { index: index % 6, op: 'GT', value: BigInt(index) << 30n, bits: 64 };
      return { names: [name], action: action.errno(index + 1), conditions: [condition] };
    });
    const profile = { defaultAction: action.allow, tables: { x64: ['x86_64'], arm64: ['aarch64'] }, rules } as const;
    const target = { arch: 'x64', capabilities: [] } as const;
    const program = compileProfile(profile, target);
    const ask = makeOracle(profile, target);
    expect(program.length / 8)
      .to.be.greaterThan(1000)
      .and.lessThan(4097);
    for (const number of numbersOf('x86_64')) {
      for (const value of [0n, 1n << 35n, 1n << 63n]) {
        const call = { arch: auditArch.x86_64, number, args: new Array(6).fill(value) };
        expect(runFilter(program, call)).to.equal(ask(call));
      }
    }
  });

  it('refuses a profile that the kernel would not take', () => {
    const conditions: Condition[] = [{ index: 0, op: 'EQ', value: 1n, bits: 64 }];
    const rules = [...syscallsOf('x86_64').keys()].flatMap((name, at) =>
      [1, 2, 3, 4, 5].map(
        (errno): SeccompRule => ({
          names: [name],
          action: action.errno(errno + at),
          conditions: [{ index: errno, op: 'EQ', value: BigInt(errno), bits: 64 }, ...conditions],
        }),
      ),
    );
    const profile = { defaultAction: action.allow, tables: allTables, rules };
    expect(() => compileProfile(profile, { arch: 'x64', capabilities: [] }))
      .to.throw(RequestError, 'instructions')
      .with.property('code', 'ORLOP_E_INPUT');
  });
});

describe('default seccomp filter', () => {
  const target = { arch: 'x64', capabilities: defaultCapabilities } as const;
  const program = defaultFilter(target);
  const denied = action.errno(1);

  it('refuses what a container has no business with', () => {
    const calls = [
      'mount',
      'unshare',
      'setns',
      'bpf',
      'keyctl',
      'add_key',
      'io_uring_setup',
      'userfaultfd',
      'kexec_load',
    ];
    for (const name of [...calls, 'perf_event_open', 'open_by_handle_at', 'init_module', 'reboot', 'swapon']) {
      expect(runFilter(program, callOf('x86_64', name)), name).to.equal(denied);
    }
    expect(runFilter(program, callOf('x86_64', 'clone', 0x1000_0000n))).to.equal(denied);
    expect(runFilter(program, callOf('x86_64', 'clone', 17n))).to.equal(action.allow);
    expect(runFilter(program, callOf('x86_64', 'clone3'))).to.equal(action.errno(38));
  });

  it('refuses AF_ALG and AF_VSOCK, also with bits above the int', () => {
    for (const table of ['x86_64', 'i386', 'x32'] as const) {
      for (const family of [38n, 40n]) {
        expect(runFilter(program, callOf(table, 'socket', family))).to.equal(denied);
        expect(runFilter(program, callOf(table, 'socket', family | (1n << 32n)))).to.equal(denied);
      }
      for (const family of [1n, 2n, 10n, 16n, 39n]) {
        expect(runFilter(program, callOf(table, 'socket', family))).to.equal(action.allow);
      }
    }
  });

  it('answers calls that are newer than the profile with ENOSYS', () => {
    expect(runFilter(program, callOf('x86_64', 'mseal'))).to.equal(action.errno(38));
    expect(runFilter(program, { arch: auditArch.x86_64, number: 999, args: none })).to.equal(action.errno(38));
  });

  it('ends a process of another architecture', () => {
    expect(runFilter(program, { arch: 0xc000_00f3, number: 0, args: none })).to.equal(action.killProcess);
    expect(runFilter(program, callOf('aarch64', 'read'))).to.equal(action.killProcess);
  });

  it('was compiled from the profile as it is', () => {
    for (const arch of ['x64', 'arm64'] as const) {
      for (const capabilities of [[], defaultCapabilities]) {
        const made = Buffer.from(compileProfile(defaultProfile, { arch, capabilities })).toString('base64');
        expect(compiled[keyFor({ arch, capabilities })]).to.equal(made);
      }
    }
    expect(Object.keys(compiled)).to.have.length(4);
    expect(askedCapabilities).to.deep.equal(capabilitiesAskedBy(defaultProfile));
  });

  it('is compiled when a capability asks for more', () => {
    const more = defaultFilter({ arch: 'x64', capabilities: [...defaultCapabilities, 'CAP_SYS_ADMIN'] });
    expect(runFilter(more, callOf('x86_64', 'mount'))).to.equal(action.allow);
    expect(runFilter(more, callOf('x86_64', 'clone', 0x1000_0000n))).to.equal(action.allow);
    expect(defaultFilter(target)).to.equal(program);
  });
});
