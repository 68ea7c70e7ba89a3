import { expect } from 'chai';
import { attribute } from '../../../ts/linux/mount-attributes.ts';
import { buildPlan } from '../../../ts/plan/build.ts';
import { describePlan, planToJson } from '../../../ts/plan/describe.ts';
import type { Plan } from '../../../ts/plan/types.ts';
import { quote, wordsFor } from '../../../ts/plan/words.ts';
import { makeBind, makeFacts, makeProcess, makeTmpfs } from '../../support/facts.ts';

const plan = buildPlan(
  makeFacts({
    mounts: [
      makeBind('/test', { reason: 'volume data', attributes: attribute.readonly | attribute.nodev }),
      makeTmpfs('/run'),
    ],
    maskedPaths: ['/proc/kcore'],
    process: makeProcess({
      env: ['TOKEN=secret'],
      rlimits: [{ resource: 'nofile', soft: 1024n, hard: 0xffff_ffff_ffff_ffffn }],
    }),
  }),
);

function wordsOf(name: string): string | undefined {
  const op = [...plan.prepare, ...plan.enter].find((one) => one.op === name);
  return op && wordsFor(plan, op);
}

describe('words of a plan', () => {
  it('has a numbered line for each operation, with its reason', () => {
    const text = describePlan(plan);
    const numbered = text.split('\n').filter((line) => /^ +\d+ {2}/.test(line));
    expect(numbered).to.have.length(plan.prepare.length + plan.enter.length);
    for (const [index, line] of numbered.entries()) {
      const op = [...plan.prepare, ...plan.enter][index];
      expect(line)
        .to.match(new RegExp(`^ +${index}  ${op?.op} `))
        .and.match(/# [^ ]/);
      expect(line.endsWith(`# ${op?.reason}`)).to.equal(true);
    }
    expect(text).to.match(/^namespaces: mount, pid, ipc, uts, cgroup, network\n/);
  });

  it('names flags, slots, sets and limits', () => {
    expect(wordsOf('attributes')).to.equal('of /host/test, readonly nodev, recursive');
    expect(wordsOf('root')).to.equal('overlay on /store/mnt/f00d');
    expect(wordsOf('attach')).to.equal('/host/test on /test, directory, created if missing');
    expect(wordsOf('propagation')).to.equal('/, private, recursive');
    expect(wordsOf('stdio')).to.equal('stdin, stdout, stderr');
    expect(wordsOf('rlimit')).to.equal('nofile, soft 1024, hard unlimited');
    expect(wordsOf('parent-death')).to.equal('SIGKILL');
    expect(wordsOf('bounding')).to.match(/^CAP_CHOWN CAP_DAC_OVERRIDE /);
  });

  it('does not show the values of the environment', () => {
    expect(describePlan(plan)).to.include('1 environment variables');
    expect(describePlan(plan)).not.to.include('secret');
  });

  it('shows control characters of a name as text', () => {
    expect(quote('/a b\u001b[2J')).to.equal('"/a b\\u001b[2J"');
    const hostile: Plan = buildPlan(makeFacts({ mounts: [makeBind('/x\u001b[31m', { reason: 'volume \u001b[31m' })] }));
    expect(describePlan(hostile)).not.to.include('\u001b');
  });

  it('is plain JSON for programs', () => {
    const json = planToJson(plan);
    expect(JSON.parse(JSON.stringify(json))).to.deep.equal(json);
    expect(json.prepare.find(({ op }) => op === 'bind')).to.deep.equal({
      op: 'bind',
      mount: 5,
      source: '/host/test',
      recursive: 1,
      device: '1',
      inode: '2',
      type: 1,
      reason: 'volume data',
    });
  });
});
