import { fieldsOf, shapeOf } from './format.ts';
import type { Op, Plan, Slot } from './types.ts';

/** The operation that fills a slot; undefined: the slot is supplied. */
export function makerOf(plan: Plan, slot: Slot | null): Op | undefined {
  if (slot === null) return undefined;
  return [...plan.prepare, ...plan.enter].find((op) =>
    shapeOf(op.op).fields.some(([name, kind]) => kind === 'out' && fieldsOf(op)[name] === slot),
  );
}

/** Target of the mount in a slot; undefined: it is not attached. */
export function targetOf(plan: Plan, slot: Slot | null): string | undefined {
  if (slot === null) return undefined;
  const attach = [...plan.enter, ...plan.prepare].find((op) => op.op === 'attach' && op.mount === slot);
  return attach?.op === 'attach' ? attach.target : undefined;
}

/** Content of a slot, for people: the source of a bind, the kind of a mount, the name of a supplied descriptor. */
export function meaningOf(plan: Plan, slot: Slot | null): string {
  if (slot === null) return 'nothing';
  const supplied = plan.supplied[slot];
  if (supplied !== undefined) return supplied;
  const maker = makerOf(plan, slot);
  if (maker === undefined) return `slot ${slot}`;
  switch (maker.op) {
    case 'bind':
      return maker.source;
    case 'file':
      return maker.name;
    case 'tmpfs':
      return maker.reason === 'scratch' ? 'scratch' : 'tmpfs';
    default:
      return maker.op;
  }
}
