import { expect } from 'chai';
import { buildPlan } from '../../../ts/plan/build.ts';
import { decodePlan } from '../../../ts/plan/decode.ts';
import { encodePlan } from '../../../ts/plan/encode.ts';
import { ExecTemplate } from '../../../ts/plan/exec-template.ts';
import { makeFacts } from '../../support/facts.ts';

describe('the template of a plan without what it executes', () => {
  const facts = makeFacts();
  const template = new ExecTemplate(buildPlan(facts));
  const planOf = (exec: { candidates: string[]; argv: string[]; env: string[] }) =>
    buildPlan({ ...facts, process: { ...facts.process, ...exec } });

  for (const [what, exec] of [
    ['a command', { candidates: ['/bin/sh'], argv: ['sh', '-c', 'true'], env: ['A=b', 'PATH=/bin'] }],
    ['no environment', { candidates: ['/usr/bin/env', '/bin/env'], argv: ['env'], env: [] }],
    ['equal, empty and long texts', { candidates: ['/a'], argv: ['', '/a', '', 'x'.repeat(100_000)], env: ['='] }],
    ['texts beyond ASCII', { candidates: ['/ä'], argv: ['日本', '\u{1f6a2}', '\ud800'], env: ['Ü=é'] }],
  ] as const) {
    it(`gives the plan with ${what}`, () => {
      const given = { candidates: [...exec.candidates], argv: [...exec.argv], env: [...exec.env] };
      const bytes = template.encode(given);
      expect(bytes).to.not.equal(null);
      // The same texts stand elsewhere, so it is what is read that counts.
      expect(decodePlan(bytes ?? new Uint8Array())).to.deep.equal(decodePlan(encodePlan(planOf(given))));
    });
  }

  it('can be used again: what was made before stays', () => {
    const first = template.encode({ candidates: ['/a'], argv: ['a'], env: [] });
    const copy = Buffer.from(first ?? []);
    template.encode({ candidates: ['/b'], argv: ['b'], env: ['B=1'] });
    expect(Buffer.from(first ?? [])).to.deep.equal(copy);
  });

  it('gives nothing where encodePlan refuses: a NUL in a text, too much of it', () => {
    for (const argv of [['a\0b'], ['\0'], ['x'.repeat(5 << 20)]]) {
      const exec = { candidates: ['/a'], argv, env: [] };
      expect(template.encode(exec)).to.equal(null);
      expect(() => encodePlan(planOf(exec))).to.throw();
    }
  });
});
