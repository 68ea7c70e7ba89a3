import { constants } from 'node:buffer';
import { expect } from 'chai';
import { outputLimit } from '../../../ts/api/run.ts';
import type { Orlop, Pool, RunOutcome, RunResult } from '../../../ts/index.ts';
import { refusalOf } from '../../support/refusal.ts';

describe('the limit of an output', () => {
  it('is the one of the caller, 16 MiB otherwise', () => {
    expect(outputLimit({})).to.equal(16 << 20);
    expect(outputLimit({ maxBuffer: 0 })).to.equal(0);
    expect(outputLimit({ maxBuffer: 600, encoding: 'buffer' })).to.equal(600);
  });

  it('is never above what a text, or bytes, can hold', () => {
    for (const maxBuffer of [Number.POSITIVE_INFINITY, Number.MAX_SAFE_INTEGER]) {
      expect(outputLimit({ maxBuffer })).to.equal(constants.MAX_STRING_LENGTH);
      expect(outputLimit({ maxBuffer, encoding: 'buffer' })).to.equal(constants.MAX_LENGTH);
    }
  });

  it('is a number of bytes', () => {
    for (const maxBuffer of [-1, Number.NaN, '5' as unknown as number]) {
      expect(refusalOf(() => outputLimit({ maxBuffer }))).to.have.property('code', 'ORLOP_E_INPUT');
    }
    expect(refusalOf(() => outputLimit({ encoding: 'hex' as 'utf8' }))).to.have.property('code', 'ORLOP_E_INPUT');
  });
});

describe('the types of run', () => {
  /** Compiled, not called. */
  async function compiled(orlop: Orlop, pool: Pool, known: boolean, maybe: { readonly reject?: boolean }) {
    const widened = { timeout: 300, reject: false };
    const result: RunResult = await orlop.run('host', ['true'], { timeout: 300 });
    const rejecting: RunResult = await orlop.run('host', ['true'], { reject: true });
    const outcome: RunOutcome = await orlop.run('host', ['true'], { reject: false });
    const bytes: RunOutcome<Buffer> = await pool.run(['true'], { reject: false, encoding: 'buffer' });
    const either = await orlop.run('host', ['true'], widened);
    // @ts-expect-error an outcome may have none
    expect(either.container.id);
    // @ts-expect-error a result has none
    expect(either.error);
    const all: (RunResult | RunOutcome)[] = [either];
    all.push(await pool.run(['true'], widened), await orlop.run('host', [], { reject: known }));
    // @ts-expect-error an outcome may have no usage
    expect((await orlop.run('host', [], maybe)).usage.userMs);
    // @ts-expect-error nor the one of a pool
    expect((await pool.run([], { ...maybe, encoding: 'buffer' })).usage.userMs);
    return { result, rejecting, outcome, bytes, all };
  }

  it('tell an outcome from a result', () => {
    expect(compiled).to.be.a('function');
  });
});
