import { expect } from 'chai';
import type { Orlop, Pool, RunOutcome, RunResult } from '../../../ts/index.ts';

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

  /** Compiled, not called. */
  async function formed(orlop: Orlop, pool: Pool, maybe: { readonly all?: boolean }) {
    const lines: RunResult<string[]> = await orlop.run('host', [], { lines: true });
    const few: RunOutcome<string[]> & { readonly all: string[] } = await pool.run([], {
      lines: true,
      all: true,
      reject: false,
    });
    const text: string = (await orlop.run('host', [], { all: true })).all;
    const bytes: Buffer = (await pool.run([], { all: true, encoding: 'buffer' })).all;
    const boxed: string[] = (await orlop.sandbox('host', [], { all: true, lines: true })).all;
    // @ts-expect-error nobody asked for it
    expect((await orlop.run('host', [], { lines: true })).all);
    // @ts-expect-error nor here, for certain
    expect((await orlop.run('host', [], maybe)).all);
    // @ts-expect-error lines are texts
    await orlop.run('host', [], { lines: true, encoding: 'buffer' });
    await orlop.run('host', [], { onStdout: (part) => expect(part.toUpperCase()) });
    await orlop.run('host', [], { lines: true, onStderr: (line) => expect(line.toUpperCase()) });
    await pool.run([], { encoding: 'buffer', onStdout: (part) => expect(part.readUInt8()) });
    await orlop.sandbox('host', [], { encoding: 'buffer', onStderr: (part) => expect(part.readUInt8()) });
    // @ts-expect-error bytes have no upper case
    await pool.run([], { encoding: 'buffer', onStdout: (part) => expect(part.toUpperCase()) });
    return { lines, few, text, bytes, boxed };
  }

  it('tell an outcome from a result', () => {
    expect(compiled).to.be.a('function');
  });

  it('tell texts, bytes and lines, and both outputs as one where they were asked for', () => {
    expect(formed).to.be.a('function');
  });
});
