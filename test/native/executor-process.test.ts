import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { capabilitySet } from '../../ts/linux/capabilities.ts';
import { buildPlan } from '../../ts/plan/build.ts';
import { namespaceFlag } from '../../ts/plan/constants.ts';
import { defaultCapabilities } from '../../ts/plan/defaults.ts';
import type { ProcessFacts, RootFacts, StartFacts } from '../../ts/plan/facts.ts';
import type { Op, Plan } from '../../ts/plan/types.ts';
import { makeProcess } from '../support/facts.ts';
import { requires } from '../support/require.ts';
import {
  buildsNativeTests,
  featureSets,
  makeStore,
  type PlanRun,
  type RunOptions,
  runPlan,
  shellFacts,
} from '../support/run-plan.ts';
import { temporaryDirectory, until } from '../support/temporary.ts';

const uname = process.arch === 'arm64' ? 160 : 63;
const openat2 = 437;

/** BPF: answers one system call with EPERM, allows the rest. */
function filterWithout(call: number): Uint8Array {
  const instructions = [
    [0x20, 0, 0, 0], // load the number of the call
    [0x15, 0, 1, call],
    [0x06, 0, 0, 0x0005_0001], // SECCOMP_RET_ERRNO | EPERM
    [0x06, 0, 0, 0x7fff_0000], // SECCOMP_RET_ALLOW
  ] as const;
  const bytes = new DataView(new ArrayBuffer(instructions.length * 8));
  instructions.forEach(([code, yes, no, value], index) => {
    bytes.setUint16(index * 8, code, true);
    bytes.setUint8(index * 8 + 2, yes);
    bytes.setUint8(index * 8 + 3, no);
    bytes.setUint32(index * 8 + 4, value, true);
  });
  return new Uint8Array(bytes.buffer);
}

function withOp(plan: Plan, before: Op['op'], op: Op): Plan {
  const at = plan.enter.findIndex((each) => each.op === before);
  return { ...plan, enter: [...plan.enter.slice(0, at), op, ...plan.enter.slice(at)] };
}

/** Supplies a descriptor in slot 3, which only operations of a test read. */
const oneMore: Partial<StartFacts> = { mountsPrefetched: ['mount:/none'] };

for (const [name, features] of featureSets) {
  describe(`process of the executor, ${name}`, function () {
    this.timeout(120_000);
    requires('root', 'busybox', 'overlay');
    buildsNativeTests();
    const folder = temporaryDirectory();
    let root: RootFacts;

    beforeEach(() => {
      root = makeStore(folder());
    });

    function planOf(script: string, process: Partial<ProcessFacts> = {}, changes: Partial<StartFacts> = {}): Plan {
      const shell = { argv: ['sh', '-c', script], candidates: ['/bin/sh'], seccomp: null };
      return buildPlan(shellFacts(root, script, { process: makeProcess({ ...shell, ...process }), ...changes }));
    }

    function run(plan: Plan, options: RunOptions = {}): PlanRun {
      const result = runPlan(plan, folder(), { features, ...options });
      expect(result.refused).to.equal(null);
      return result;
    }

    function status(plan: Plan, options: RunOptions = {}): Record<string, string> {
      const lines = run(plan, options).stdout.trim().split('\n');
      return Object.fromEntries(lines.map((line) => line.split(/:\s*/, 2) as [string, string]));
    }

    it('becomes the application, which is PID 1 in a session of its own', () => {
      const [pid, stat = ''] = run(planOf('echo $$; read x < /proc/1/stat; echo "$x"')).stdout.split('\n');
      expect(pid).to.equal('1');
      const [, name, , parent, , session] = stat.split(' ');
      expect([name, parent, session]).to.deep.equal(['(sh)', '0', '1']);
    });

    it('takes one time for the start and one for each operation up to exec', () => {
      const plan = planOf('true');
      expect(run(plan).timed).to.equal(plan.prepare.length + plan.enter.length);
    });

    it('passes arguments and the environment exactly, and nothing of the caller', () => {
      const env = ['PATH=/bin', 'EMPTY=', 'TEXT=ä b\n"c"'];
      const argv = ['sh', '-c', 'env; for i in "$@"; do echo "<$i>"; done', 'zero', '', 'a b', 'ü'];
      const result = run(planOf('', { argv, env }));
      expect(result.stdout).to.match(/^(PWD=\/\n|SHLVL=1\n|PATH=\/bin\n|EMPTY=\n|TEXT=ä b\n"c"\n)+<>\n<a b>\n<ü>\n$/);
    });

    it('takes far more arguments than any fixed table would hold', () => {
      const argv = ['sh', '-c', 'echo $#', 'zero', ...Array.from({ length: 20_000 }, (_, i) => `${i}`)];
      expect(run(planOf('', { argv })).stdout).to.equal('20000\n');
    });

    it('starts with default signals, none of them blocked, although the caller ignored some', () => {
      const plan = planOf('', { candidates: ['/bin/grep'], argv: ['grep', 'Sig', '/proc/self/status'] });
      const found = status(plan, { host: "trap '' PIPE HUP XFSZ USR1 33 64" });
      expect(found).to.include({ SigBlk: '0'.repeat(16), SigIgn: '0'.repeat(16) });
    });

    it('leaves the application the three standard streams and no other descriptor', () => {
      const extra = openSync('/etc/hostname', 'r');
      try {
        const result = run(planOf('for i in /proc/self/fd/*; do echo "$i"; done'), { supplied: [extra, extra, extra] });
        // The shell itself has the directory open while it lists it.
        expect(result.stdout).to.match(
          /^\/proc\/self\/fd\/0\n\/proc\/self\/fd\/1\n\/proc\/self\/fd\/2\n(\/proc\/self\/fd\/3\n)?$/,
        );
        expect(run(planOf('[ -e /proc/self/fd/4 ] || cat /proc/self/fd/5 || echo none')).stdout).to.equal('none\n');
      } finally {
        closeSync(extra);
      }
    });

    it('puts the standard streams right when their descriptors are in each other’s places', () => {
      const plan = planOf('echo to-out; echo to-err >&2');
      const swapped = plan.enter.map((op): Op => (op.op === 'stdio' ? { ...op, out: op.err, err: op.out } : op));
      const result = run({ ...plan, enter: swapped });
      expect([result.stdout, result.stderr]).to.deep.equal(['to-err\n', 'to-out\n']);
      const rotated = plan.enter.map((op): Op => (op.op === 'stdio' ? { ...op, in: 0, out: 2, err: 2 } : op));
      expect(
        run({ ...plan, enter: rotated })
          .stderr.split('\n')
          .sort(),
      ).to.deep.equal(['', 'to-err', 'to-out']);
    });

    it('gives a null device of its own in place of the host’s, open in the same way', () => {
      const host = openSync('/dev/null', 'r');
      try {
        const script =
          'stat -L -c "%t:%T %a" /proc/self/fd/0; grep flags /proc/self/fdinfo/0; stat -L -c %d:%i /proc/self/fd/0';
        const plan = planOf(script, {}, oneMore);
        const enter = plan.enter.map((op): Op => (op.op === 'stdio' ? { ...op, in: 3 } : op));
        const lines = run({ ...plan, enter }, { supplied: [host] })
          .stdout.trim()
          .split('\n');
        expect(lines[0]).to.equal('1:3 666');
        expect(lines[1]).to.match(/^flags:\s+\d+0$/);
        const { dev, ino } = statSync('/dev/null');
        expect(lines[2]).to.match(/^\d+:\d+$/);
        expect(lines[2]).to.not.equal(`${dev}:${ino}`);
      } finally {
        closeSync(host);
      }
    });

    it('holds exactly the given capabilities, and none that a program could inherit', () => {
      const set = capabilitySet(defaultCapabilities).toString(16).padStart(16, '0');
      const none = '0'.repeat(16);
      expect(status(planOf('grep Cap /proc/self/status'))).to.deep.equal({
        CapInh: none,
        CapPrm: set,
        CapEff: set,
        CapBnd: set,
        CapAmb: none,
      });
    });

    it('gives a user other than root the ids and groups that were asked for, and no capability', () => {
      const found = status(
        planOf('grep -E "Cap|Uid|Gid|Groups" /proc/self/status', { uid: 1234, gid: 55, groups: [7, 8] }),
      );
      const none = '0'.repeat(16);
      expect(found).to.include({ CapPrm: none, CapEff: none, CapAmb: none, Groups: '7 8 ' });
      expect(found.Uid?.split('\t')).to.deep.equal(['1234', '1234', '1234', '1234']);
      expect(found.Gid?.split('\t')).to.deep.equal(['55', '55', '55', '55']);
    });

    it('keeps capabilities over the change of the user where the plan gives them, and for programs where ambient', () => {
      const set = capabilitySet(['CAP_KILL', 'CAP_SYS_CHROOT']);
      const plan = planOf('grep Cap /proc/self/status', { uid: 1234, gid: 55 });
      const given = { effective: set, permitted: set, inheritable: set, ambient: set };
      const enter = plan.enter.map((op): Op => (op.op === 'capabilities' ? { ...op, ...given } : op));
      const held = set.toString(16).padStart(16, '0');
      expect(status({ ...plan, enter })).to.include({ CapPrm: held, CapEff: held, CapInh: held, CapAmb: held });
    });

    it('sets no_new_privs and loads the filter after all its own calls', () => {
      const script = 'busybox uname; grep -E "NoNewPrivs|Seccomp:" /proc/self/status';
      const plan = planOf(script, { seccomp: filterWithout(uname) });
      expect(run(plan).stdout).to.equal('\nNoNewPrivs:\t1\nSeccomp:\t2\n');
    });

    it('has found the program before a filter could forbid the search', () => {
      expect(run(planOf('echo found', { seccomp: filterWithout(openat2) })).stdout).to.equal('found\n');
    });

    it('names the filter when the kernel does not take it', () => {
      const result = runPlan(planOf('true', { seccomp: new Uint8Array(8).fill(0xff) }), folder(), { features });
      expect(result.refused).to.include({ step: 'seccomp', error: 'EINVAL' });
    });

    it('refuses a filter that is longer than the kernel takes, and loads no part of it', () => {
      const allow = Buffer.from([0x06, 0, 0, 0, 0, 0, 0xff, 0x7f]);
      const planWith = (length: number) =>
        planOf('true', { seccomp: Buffer.concat(Array.from({ length }, () => allow)) });
      for (const length of [4097, 65_537]) {
        const { refused } = runPlan(planWith(length), folder(), { features });
        expect(refused, String(length)).to.include({ step: 'seccomp', error: 'EINVAL' });
      }
      run(planWith(4096));
    });

    it('loads the filter without no_new_privs too, and leaves that off', () => {
      const plan = planOf('grep -E "NoNewPrivs|Seccomp:" /proc/self/status', {
        seccomp: filterWithout(uname),
        noNewPrivileges: false,
      });
      expect(run(plan).stdout).to.equal('NoNewPrivs:\t0\nSeccomp:\t2\n');
    });

    it('loads the filter of a quota beside that of the container, or alone', () => {
      const quotaFilter = filterWithout(uname);
      const script = 'busybox uname 2>/dev/null; grep Seccomp_filters: /proc/self/status';
      for (const noNewPrivileges of [true, false]) {
        for (const [seccomp, filters] of [
          [filterWithout(9999), 2],
          [null, 1],
        ] as const) {
          const plan = planOf(script, { seccomp, quotaFilter, noNewPrivileges });
          const outer = Number(/^Seccomp_filters:\t(\d+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]);
          expect(run(plan).stdout).to.equal(`\nSeccomp_filters:\t${outer + filters}\n`);
        }
      }
    });

    it('sets the umask, the limits and the working directory, which it makes', () => {
      const rlimits = [{ resource: 'nofile', soft: 333n, hard: 444n }] as const;
      const plan = planOf('umask; pwd; grep "open files" /proc/self/limits', {
        umask: 0o077,
        cwd: '/work/here',
        rlimits,
      });
      expect(run(plan).stdout).to.match(/^0077\n\/work\/here\nMax open files +333 +444 +files *\n$/);
      expect(statSync(join(root.upper ?? '', 'work/here')).mode & 0o7777).to.equal(0o755);
    });

    it('asks for a higher limit of open files while it still has its capabilities, not with the program', () => {
      const plan = planOf('true', { rlimits: [{ resource: 'nofile', soft: 99n, hard: 111n }] });
      const host = 'ulimit -n 77; set -- setpriv --bounding-set=-sys_resource --inh-caps=-sys_resource "$@"';
      const { refused, timed } = runPlan(plan, folder(), { features, host });
      expect(refused).to.include({ step: 'rlimit', error: 'EPERM' });
      // One time for the start, and one for each operation before it.
      expect(timed).to.equal(1 + (refused?.op ?? 0));
    });

    it('sets hostname, kernel parameters and the loopback interface of its own namespaces', () => {
      const plan = planOf(
        'hostname; cat /proc/sys/net/ipv4/ping_group_range; ip -o link show lo',
        {},
        {
          hostname: 'orlop-box',
          sysctls: [{ name: 'net.ipv4.ping_group_range', value: '3 9' }],
          readonlyPaths: ['/proc/sys'],
        },
      );
      const old = readFileSync('/proc/sys/net/ipv4/ping_group_range', 'utf8');
      expect(run(plan).stdout).to.match(/^orlop-box\n3\t9\n1: lo: <LOOPBACK,UP/);
      expect(readFileSync('/proc/sys/net/ipv4/ping_group_range', 'utf8')).to.equal(old);
    });

    it('writes no parameter by a name that leads elsewhere', () => {
      // A name of the process can be written: there, nothing but its path stands in the way.
      for (const sysctl of ['../1/comm', 'net/../../1/comm', '../1/comm/', '..', 'kernel.absent']) {
        const plan = planOf('true', {}, { sysctls: [{ name: sysctl, value: 'x' }] });
        const result = runPlan(plan, folder(), { features });
        expect(result.refused, sysctl).to.include({ step: 'sysctl' });
      }
    });

    it('executes nothing without the profile of AppArmor that it was to get', () => {
      for (const [appArmor, error] of [
        // Where there is AppArmor, the kernel refuses the name; where there is none, it has no such file.
        ['orlop-test-none', 'ENOENT'],
        ['x'.repeat(600), 'ENAMETOOLONG'],
      ] as const) {
        const result = runPlan(planOf('echo ran', {}, { appArmor }), folder(), { features });
        expect(result.refused).to.include({ step: 'apparmor', error });
        expect(result.stdout).to.equal('');
      }
    });

    it('has a session keyring of its own', () => {
      const keys = run(planOf('cat /proc/keys')).stdout;
      expect(keys).to.match(/ keyring +orlop\.f00d/);
      expect(keys).not.to.match(/ keyring +_ses:/);
    });

    it('waits at a barrier, and ends when nobody can open it any more', () => {
      const plan = withOp(planOf('true', {}, oneMore), 'exec', { op: 'barrier', reason: 'test', gate: 3 });
      const closed = openSync('/dev/null', 'r');
      const zero = openSync('/dev/zero', 'r');
      try {
        const refused = runPlan(plan, folder(), { features, supplied: [closed] }).refused;
        expect(refused).to.include({ step: 'barrier', error: 'ECANCELED' });
        expect(run(plan, { supplied: [zero] }).code).to.equal(0);
      } finally {
        closeSync(closed);
        closeSync(zero);
      }
    });

    describe('beside a process with namespaces of its own', () => {
      let other: ChildProcess;
      beforeEach(() => {
        other = spawn('unshare', ['--net', 'sleep', '600'], { stdio: 'ignore' });
      });
      afterEach(() => {
        other.kill('SIGKILL');
      });

      it('joins a namespace', async () => {
        const path = `/proc/${other.pid}/ns/net`;
        const own = readlinkSync('/proc/self/ns/net');
        await until('the other network namespace', () => readlinkSync(path) !== own);
        const fd = openSync(path, 'r');
        try {
          const plan = planOf('readlink /proc/self/ns/net', {}, { ...oneMore, network: 'host' });
          const joined = withOp(plan, 'pivot', {
            op: 'join',
            reason: 'test',
            namespace: 3,
            kind: namespaceFlag.network,
          });
          expect(run(joined, { supplied: [fd] }).stdout).to.equal(`${readlinkSync(path)}\n`);
        } finally {
          closeSync(fd);
        }
      });
    });
  });
}
