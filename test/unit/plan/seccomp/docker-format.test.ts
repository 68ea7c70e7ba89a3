import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { RequestError } from '../../../../ts/errors/index.ts';
import { capabilityNames } from '../../../../ts/linux/capabilities.ts';
import { defaultCapabilities } from '../../../../ts/plan/defaults.ts';
import { decide } from '../../../../ts/plan/seccomp/decisions.ts';
import { defaultProfile } from '../../../../ts/plan/seccomp/default-profile.ts';
import { parseProfile } from '../../../../ts/plan/seccomp/docker-format.ts';
import { customFilter } from '../../../../ts/plan/seccomp/filter.ts';
import { action, type SeccompProfile } from '../../../../ts/plan/seccomp/profile.ts';
import { auditArch, syscallsOf } from '../../../../ts/plan/seccomp/syscalls.ts';
import { runFilter } from '../../../support/bpf.ts';
import { dockerProfile, requires } from '../../../support/require.ts';

const target = { arch: 'x64', capabilities: [] } as const;

function run(profile: object, name: string, ...args: bigint[]): number {
  const program = customFilter(JSON.stringify(profile), 'test.json', target);
  const number = syscallsOf('x86_64').get(name) ?? -1;
  return runFilter(program, { arch: auditArch.x86_64, number, args: [...args, 0n, 0n, 0n, 0n, 0n, 0n].slice(0, 6) });
}

function refusal(text: string): RequestError {
  try {
    parseProfile(text, 'test.json');
  } catch (error) {
    if (error instanceof RequestError) return error;
    throw error;
  }
  throw new Error('it was taken');
}

describe('seccomp profile in the format of Docker', () => {
  it('is read with its actions, numbers and defaults', () => {
    const profile = {
      defaultAction: 'SCMP_ACT_ALLOW',
      syscalls: [
        { names: ['mkdir', 'no_such_call'], action: 'SCMP_ACT_ERRNO' },
        { name: 'chmod', action: 'SCMP_ACT_ERRNO', errnoRet: 13 },
        { names: ['kill'], action: 'SCMP_ACT_KILL_PROCESS' },
        { names: ['reboot'], action: 'SCMP_ACT_LOG' },
      ],
    };
    expect(run(profile, 'mkdir')).to.equal(action.errno(1));
    expect(run(profile, 'chmod')).to.equal(action.errno(13));
    expect(run(profile, 'kill')).to.equal(action.killProcess);
    expect(run(profile, 'reboot')).to.equal(action.log);
    expect(run(profile, 'read')).to.equal(action.allow);
  });

  it('asks for all tests of a rule, and for either when one argument is tested twice', () => {
    const both = [
      { index: 0, value: 1, op: 'SCMP_CMP_EQ' },
      { index: 1, value: 0xf0, valueTwo: 0x10, op: 'SCMP_CMP_MASKED_EQ' },
    ];
    const either = [
      { index: 0, value: 1, op: 'SCMP_CMP_EQ' },
      { index: 0, value: 7, op: 'SCMP_CMP_EQ' },
    ];
    const profile = {
      defaultAction: 'SCMP_ACT_ERRNO',
      syscalls: [
        { names: ['dup2'], action: 'SCMP_ACT_ALLOW', args: both },
        { names: ['dup3'], action: 'SCMP_ACT_ALLOW', args: either },
      ],
    };
    expect(run(profile, 'dup2', 1n, 0x1fn)).to.equal(action.allow);
    expect(run(profile, 'dup2', 1n, 0x2fn)).to.equal(action.errno(1));
    expect(run(profile, 'dup2', 2n, 0x1fn)).to.equal(action.errno(1));
    expect(run(profile, 'dup3', 7n)).to.equal(action.allow);
    expect(run(profile, 'dup3', 1n)).to.equal(action.allow);
    expect(run(profile, 'dup3', 2n)).to.equal(action.errno(1));
  });

  it('honours what a rule depends on', () => {
    const rules = [
      { names: ['mount'], action: 'SCMP_ACT_ALLOW', includes: { caps: ['CAP_SYS_ADMIN'] } },
      { names: ['read'], action: 'SCMP_ACT_ALLOW', includes: { arches: ['amd64'] } },
      { names: ['write'], action: 'SCMP_ACT_ALLOW', excludes: { arches: ['amd64'] } },
      { names: ['bpf'], action: 'SCMP_ACT_ALLOW', includes: { minKernel: '6.12' } },
      { names: ['chroot'], action: 'SCMP_ACT_ALLOW', excludes: { caps: ['CAP_SYS_BOOT', 'CAP_SYS_ADMIN'] } },
      { names: ['reboot'], action: 'SCMP_ACT_ALLOW', excludes: { caps: ['CAP_SYS_BOOT'] } },
      { names: ['acct'], action: 'SCMP_ACT_ALLOW', includes: { caps: ['CAP_SYS_BOOT', 'CAP_SYS_ADMIN'] } },
    ];
    const names = rules.flatMap((rule) => rule.names);
    const profile = parseProfile(JSON.stringify({ defaultAction: 'SCMP_ACT_ERRNO', syscalls: rules }), 'x');
    const allowed = (kernel?: readonly [number, number]): string[] => {
      const [main] = decide(profile, { arch: 'x64', capabilities: ['CAP_SYS_ADMIN'], kernel });
      return names.filter((name) => {
        const number = syscallsOf('x86_64').get(name) ?? -1;
        return main?.ranges.findLast(({ from }) => from <= number)?.decision.otherwise === action.allow;
      });
    };
    expect(allowed()).to.deep.equal(['mount', 'read', 'bpf', 'reboot']);
    for (const kernel of [[6, 11] as const, [5, 13] as const]) {
      expect(allowed(kernel), kernel.join('.')).to.deep.equal(['mount', 'read', 'reboot']);
    }
    for (const kernel of [[6, 12] as const, [6, 13] as const, [7, 0] as const]) {
      expect(allowed(kernel), kernel.join('.')).to.deep.equal(['mount', 'read', 'bpf', 'reboot']);
    }
  });

  it('filters only the architectures that the profile names', () => {
    const plain = parseProfile('{"defaultAction":"SCMP_ACT_ALLOW"}', 'x');
    expect(plain.tables).to.deep.equal({ x64: ['x86_64'], arm64: ['aarch64'] });
    const archMap = [{ architecture: 'SCMP_ARCH_X86_64', subArchitectures: ['SCMP_ARCH_X86'] }];
    const mapped = parseProfile(JSON.stringify({ defaultAction: 'SCMP_ACT_ALLOW', archMap }), 'x');
    expect(mapped.tables.x64).to.deep.equal(['x86_64', 'i386']);
    const architectures = ['SCMP_ARCH_AARCH64', 'SCMP_ARCH_ARM', 'SCMP_ARCH_MIPS'];
    const listed = parseProfile(JSON.stringify({ defaultAction: 'SCMP_ACT_ALLOW', architectures }), 'x');
    expect(listed.tables.arm64).to.deep.equal(['aarch64', 'arm']);
  });

  it('closes the way around by socketcall on i386', () => {
    const archMap = [{ architecture: 'SCMP_ARCH_X86_64', subArchitectures: ['SCMP_ARCH_X86'] }];
    const syscalls = [{ names: ['bind'], action: 'SCMP_ACT_ERRNO' }];
    const text = JSON.stringify({ defaultAction: 'SCMP_ACT_ALLOW', archMap, syscalls });
    const call = { arch: auditArch.i386, number: 102, args: [2n, 0n, 0n, 0n, 0n, 0n] };
    expect(runFilter(customFilter(text, 'x', target), call)).to.equal(action.errno(1));
  });

  it('refuses what it cannot honour, and says what to do', () => {
    const texts = [
      'not json',
      '[]',
      '{}',
      '{"defaultAction":"SCMP_ACT_DANCE"}',
      '{"defaultAction":"constructor"}',
      '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["read"],"action":"SCMP_ACT_ALLOW","args":[{"index":0,"value":0,"op":"constructor"}]}]}',
      // More would be another action: its number follows that of the error.
      '{"defaultAction":"SCMP_ACT_ERRNO","defaultErrnoRet":4096}',
      '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["read"],"action":"SCMP_ACT_ERRNO","errnoRet":65536}]}',
      '{"defaultAction":"SCMP_ACT_ALLOW","flags":["SECCOMP_FILTER_FLAG_LOG"]}',
      '{"defaultAction":"SCMP_ACT_ALLOW","listenerPath":"/run/x"}',
      '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["read"],"action":"SCMP_ACT_NOTIFY"}]}',
      '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":[1],"action":"SCMP_ACT_ALLOW"}]}',
      '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["read"],"action":"SCMP_ACT_ALLOW","args":[{"index":6,"value":0,"op":"SCMP_CMP_EQ"}]}]}',
      '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["read"],"action":"SCMP_ACT_ALLOW","args":[{"index":0,"value":18446744073709551615,"op":"SCMP_CMP_EQ"}]}]}',
      '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["read"],"action":"SCMP_ACT_ALLOW","args":[{"index":0,"value":0,"op":"SCMP_CMP_SAME"}]}]}',
    ];
    for (const text of texts) {
      const error = refusal(text);
      expect(error.code).to.equal('ORLOP_E_INPUT');
      expect(error.message, text).to.match(/^the seccomp profile 'test\.json' /);
      expect(error.message, text).not.to.match(/undefined|\[object/);
      expect(error.hint, text).to.be.a('string');
    }
  });
});

describe('the default profile', () => {
  requires('docker-profile');

  it('is the profile of Docker but for two socket families and the devices of the host', () => {
    const path = dockerProfile() ?? '';
    const docker = parseProfile(readFileSync(path, 'utf8'), path);
    const narrow = (profile: SeccompProfile): SeccompProfile => ({
      ...profile,
      rules: profile.rules.map((rule) => ({
        ...rule,
        names: rule.names.filter((name) => !['socket', 'mknod', 'mknodat'].includes(name)),
        // orlop looks at an int as the kernel does; Docker at the whole register.
        conditions: rule.conditions?.map((condition) => ({ ...condition, bits: 64 })),
      })),
    });
    for (const arch of ['x64', 'arm64'] as const) {
      for (const capabilities of [[], defaultCapabilities, ['CAP_SYS_ADMIN'], capabilityNames]) {
        expect(decide(narrow(defaultProfile), { arch, capabilities })).to.deep.equal(
          decide(narrow(docker), { arch, capabilities }),
        );
      }
    }
    expect(defaultProfile.tables.x64).to.have.members(docker.tables.x64);
  });
});
