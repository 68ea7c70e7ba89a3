import {
  chmodSync,
  chownSync,
  lchownSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { attribute } from '../../ts/linux/mount-attributes.ts';
import { buildPlan } from '../../ts/plan/build.ts';
import type { RootFacts, StartFacts } from '../../ts/plan/facts.ts';
import type { Op, Plan } from '../../ts/plan/types.ts';
import { makeBind } from '../support/facts.ts';
import { requires } from '../support/require.ts';
import { buildsNativeTests, featureSets, makeStore, type PlanRun, runPlan, shellFacts } from '../support/run-plan.ts';
import { temporaryDirectory } from '../support/temporary.ts';

/** Whom the tests run as: an ordinary user, also where they were started by root. */
const user = process.getuid?.() === 0 ? 65_534 : undefined;

/** Device nodes cannot be made in a user namespace, and it has no group 5. */
function withoutDevices(op: Op): Op[] {
  if (op.op === 'device') {
    if (op.name !== 'null') return [];
    const content = new Uint8Array();
    return [{ op: 'file', reason: op.reason, mount: op.mount, name: op.name, mode: 0o666, content, file: null }];
  }
  return [op.op === 'devpts' ? { ...op, gid: 0 } : op];
}

function giveAway(folder: string): void {
  if (user === undefined) return;
  lchownSync(folder, user, user);
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) giveAway(path);
    else lchownSync(path, user, user);
  }
}

for (const [name, features] of featureSets) {
  describe(`executor in a user namespace of an ordinary user, ${name}`, function () {
    this.timeout(120_000);
    requires('userns', 'busybox', 'overlay');
    buildsNativeTests();
    const folder = temporaryDirectory();
    let root: RootFacts;
    let host: string;

    beforeEach(() => {
      root = { ...makeStore(folder()), userxattr: true };
      host = join(folder(), 'host');
      mkdirSync(host);
      giveAway(folder());
    });

    function planOf(script: string, changes: Partial<StartFacts> = {}): Plan {
      const plan = buildPlan(shellFacts(root, script, changes));
      return { ...plan, namespaces: [...plan.namespaces, 'user'], prepare: plan.prepare.flatMap(withoutDevices) };
    }

    function run(plan: Plan): PlanRun {
      return runPlan(plan, folder(), { features, ...(user === undefined ? {} : { user }) });
    }

    const volume = () => makeBind('/data', { source: host, device: 0n, inode: 0n });

    function withGroups(plan: Plan): Plan {
      return { ...plan, enter: plan.enter.map((op): Op => (op.op === 'ids' ? { ...op, groups: [] } : op)) };
    }

    it('runs the application as root of a namespace that maps only the user', () => {
      const result = run(
        withGroups(planOf('id -u; cat /proc/self/uid_map; echo x > /data/x; echo y > /y', { mounts: [volume()] })),
      );
      expect(result.refused).to.equal(null);
      const owner = user ?? process.getuid?.();
      expect(result.stdout.trim().split(/\s+/)).to.deep.equal(['0', '0', `${owner}`, '1']);
      expect(statSync(join(host, 'x')).uid).to.equal(owner);
      expect(readFileSync(join(root.upper ?? '', 'y'), 'utf8')).to.equal('y\n');
    });

    it('refuses groups that the user cannot have there, rather than leave them out', () => {
      expect(run(planOf('true', { mounts: [volume()] })).refused).to.include({ step: 'ids', error: 'EPERM' });
    });

    it('masks with an empty file, and makes a volume read-only', () => {
      const facts = {
        mounts: [{ ...volume(), attributes: attribute.readonly }],
        maskedPaths: ['/proc/interrupts', '/proc/acpi'],
      };
      const script = 'cat /proc/interrupts; ls /proc/acpi; echo x 2>/dev/null > /data/x || echo refused';
      const result = run(withGroups(planOf(script, facts)));
      expect(result.refused).to.equal(null);
      expect(result.stdout).to.equal('refused\n');
    });

    it('cannot take away what the host locked', () => {
      const plan = planOf('true', { mounts: [volume()] });
      const slot = plan.prepare.find((op) => op.op === 'bind')?.mount ?? null;
      const change: Op = {
        op: 'attributes',
        reason: 'test',
        mount: slot,
        set: attribute.noatime,
        clear: 0,
        recursive: 0,
        propagation: 0,
      };
      expect(run({ ...plan, prepare: [...plan.prepare, change] }).refused).to.include({
        step: 'attributes',
        error: 'EPERM',
      });
    });

    it('sets a parameter by the /proc of the host only, not of a container', () => {
      const mounts = [makeBind('/proc', { source: '/proc', device: 0n, inode: 0n })];
      const plan = planOf('cat /proc/sys/net/ipv4/ip_forward', {
        mounts,
        sysctls: [{ name: 'net.ipv4.ip_forward', value: '1' }],
      });
      // In the host's PID namespace the user gets no procfs of its own.
      const before = withGroups({ ...plan, namespaces: plan.namespaces.filter((name) => name !== 'pid') });
      const { stdout, refused } = run(before);
      expect(refused).to.equal(null);
      expect(stdout).to.equal('1\n');
      const { prepare, enter } = before;
      const sysctls = prepare.filter(({ op }) => op === 'sysctl');
      const pivot = enter.findIndex(({ op }) => op === 'pivot') + 1;
      const after: Plan = {
        ...before,
        prepare: prepare.filter(({ op }) => op !== 'sysctl'),
        enter: [...enter.slice(0, pivot), ...sysctls, ...enter.slice(pivot)],
      };
      expect(run(after).refused).to.include({ step: 'sysctl', error: 'EPERM' });
    });

    it('cannot reach a source that the user cannot', () => {
      const closed = join(host, 'closed');
      mkdirSync(join(closed, 'inner'), { recursive: true });
      writeFileSync(join(closed, 'inner/f'), 'secret');
      if (user !== undefined) chownSync(closed, 0, 0);
      chmodSync(closed, 0o000);
      const mounts = [makeBind('/data', { source: join(closed, 'inner'), device: 0n, inode: 0n })];
      const { refused } = run(planOf('true', { mounts }));
      chmodSync(closed, 0o700);
      if (user !== undefined) expect(refused).to.include({ step: 'bind', error: 'EACCES' });
    });
  });
}
