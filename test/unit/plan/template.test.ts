import { expect } from 'chai';
import { encodePlan } from '../../../ts/plan/encode.ts';
import { PlanTemplate } from '../../../ts/plan/template.ts';
import type { Plan } from '../../../ts/plan/types.ts';

const one = '0123456789ab'.padEnd(64, 'c');
const other = 'fedcba987654'.padEnd(64, '0');

function planOf(id: string): Plan {
  const reason = 'test';
  return {
    strategy: 'in-child',
    namespaces: ['mount'],
    supplied: [],
    slots: 2,
    prepare: [
      {
        op: 'overlay',
        reason,
        tree: 0,
        layers: [`/store/layers/${'1'.repeat(64)}/diff`],
        upper: `/store/layers/${id}/diff`,
        work: `/store/layers/${id}/work`,
        at: `/store/mnt/${id}`,
        options: 0,
        attributes: 0,
      },
    ],
    enter: [
      { op: 'hostname', reason, name: id.slice(0, 12) },
      { op: 'exec', reason, candidates: ['/bin/sh'], argv: ['sh'], env: [`HOSTNAME=${id.slice(0, 12)}`, 'ID=0123456'] },
    ],
  };
}

describe('the template of a plan', () => {
  it('gives the bytes of the same plan for another ID', () => {
    const template = new PlanTemplate(encodePlan(planOf(one)), one);
    expect(template.encodeFor(other)).to.deep.equal(Buffer.from(encodePlan(planOf(other))));
  });

  it('stays as it is, however often it is used', () => {
    const template = new PlanTemplate(encodePlan(planOf(one)), one);
    template.encodeFor(other);
    expect(template.encodeFor(one)).to.deep.equal(Buffer.from(encodePlan(planOf(one))));
  });
});
