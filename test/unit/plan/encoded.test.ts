import { expect } from 'chai';
import fc from 'fast-check';
import { buildPlan } from '../../../ts/plan/build.ts';
import { BinaryPlan } from '../../../ts/plan/encoded.ts';
import { fillAll, hole } from '../../../ts/plan/holes.ts';
import type { Plan } from '../../../ts/plan/types.ts';
import { anyPlan, planText } from '../../support/any-plan.ts';
import { makeBind, makeFacts, makeProcess } from '../../support/facts.ts';

const id = '0123456789ab'.padEnd(64, 'c');
const values = [id, id.slice(0, 12)];

/** The binary form has namespaces in an order of its own. */
function comparable({ namespaces, ...plan }: Plan) {
  return { ...plan, namespaces: [...namespaces].sort() };
}

describe('a plan that is kept in its binary form', () => {
  const textWithHoles = fc
    .array(fc.oneof(planText, fc.constantFrom(hole.id, hole.shortId)), { maxLength: 4 })
    .map((parts) => parts.join(''));

  it('is read back as it was given, with its reasons and the names of what is supplied', () => {
    fc.assert(
      fc.property(anyPlan(), (plan) => {
        expect(comparable(new BinaryPlan(plan).read())).to.deep.equal(comparable(plan));
      }),
    );
  });

  it('is read back with its holes filled', () => {
    fc.assert(
      fc.property(anyPlan(textWithHoles), (plan) => {
        expect(comparable(new BinaryPlan(plan).read(values))).to.deep.equal(comparable(fillAll(plan, values)));
      }),
    );
  });

  const facts = makeFacts({ mounts: [makeBind('/test')], hostname: hole.shortId, id: hole.id });
  const command = { candidates: ['/bin/env', '/env'], argv: ['env', ''], env: ['A=b'] };

  it('is the plan of a start with the command that a launch brought along', () => {
    const template = buildPlan({ ...facts, process: makeProcess({ argv: [], candidates: [], env: [] }) });
    const whole = buildPlan({ ...facts, id, hostname: id.slice(0, 12), process: makeProcess(command) });
    expect(comparable(new BinaryPlan(template).read(values, command))).to.deep.equal(comparable(whole));
  });

  it('has its own command where a launch brought none', () => {
    const plan = buildPlan({ ...facts, process: makeProcess(command) });
    expect(new BinaryPlan(plan).read(values).enter.at(-1)).to.deep.include({ op: 'exec', ...command });
  });

  it('stays as it is, however often it is read', () => {
    const binary = new BinaryPlan(buildPlan(facts));
    const before = Buffer.from(binary.encoded.bytes);
    const first = binary.read(values, command);
    binary.read(['f'.repeat(64), 'f'.repeat(12)]);
    expect(Buffer.from(binary.encoded.bytes)).to.deep.equal(before);
    expect(binary.read(values, command)).to.deep.equal(first);
  });
});
