import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { format } from '../../ts/plan/format.ts';
import { ops } from '../../ts/plan/ops.ts';

interface Listed {
  readonly name: string;
  readonly code: number;
  readonly fields: readonly (readonly [name: string, kind: string])[];
}

/** The operations of `native/plan/ops.def`, in its order. */
function readDefinitions(): Listed[] {
  const text = readFileSync('native/plan/ops.def', 'utf8');
  return [...text.matchAll(/^OP\((\d+), (\w+), "([a-z-]+)",(.*)\)$/gm)].map(([, code, , name = '', fields = '']) => ({
    name,
    code: Number(code),
    // C++ has `namespace` as a word of its own.
    fields: [...fields.matchAll(/([A-Z0-9]+)\((\w+)\)/g)].map(
      ([, kind = '', field = '']) => [field.replace(/_$/, ''), kind.toLowerCase()] as const,
    ),
  }));
}

describe('operations of the plan', () => {
  it('are the same list for TypeScript and for the executor: names, codes, fields and their order', () => {
    const ours: Listed[] = Object.entries(ops).map(([name, { code, fields }]) => ({ name, code, fields: [...fields] }));
    expect(ours).to.deep.equal(readDefinitions());
  });

  it('have limits that both sides agree on', () => {
    const header = readFileSync('native/plan/format.h', 'utf8');
    const constant = (name: string): string => new RegExp(`${name} = ([^;]+);`).exec(header)?.[1] ?? '';
    expect(Number(constant('kMaxOps'))).to.equal(format.maxOps);
    expect(Number(constant('kMaxSlots'))).to.equal(format.maxSlots);
    expect(Number(constant('kMagic'))).to.equal(format.magic);
    expect(Number(constant('kVersion'))).to.equal(format.version);
    expect(Number(constant('kNoSlot'))).to.equal(format.noSlot);
  });
});
