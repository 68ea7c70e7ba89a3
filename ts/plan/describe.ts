import { printable } from '../errors/printable.ts';
import { fieldsOf, shapeOf } from './format.ts';
import type { Op, Plan } from './types.ts';
import { wordsFor } from './words.ts';

/** A control file of the container's cgroups, written before the clone. */
export interface PlannedLimit {
  /** Name of the file, cgroups(7): `memory.max`; or `project quota`, of the file system of the store. */
  readonly file: string;
  /** What is written to it. */
  readonly value: string;
}

/** What the filter of devices allows, `c 1:3 rwm`; `all`: there is none. */
export type PlannedDevices = readonly string[] | 'all';

/** The plan as text, for `orlop plan`: one line for each operation with its number, what it does and why. */
export function describePlan(
  plan: Plan,
  limits: readonly PlannedLimit[] = [],
  devices: PlannedDevices = 'all',
): string {
  const { prefetched = [] } = plan;
  const all = [...plan.prepare, ...plan.enter];
  const line = (op: Op, number: string, of: Plan) => [number, op.op, wordsFor(of, op), printable(op.reason)] as const;
  const lines = all.map((op, index) => line(op, String(index), plan));
  const prefetchPlan = { ...plan, supplied: [], prepare: prefetched, enter: [] };
  const numberWidth = String(all.length).length;
  const nameWidth = Math.max(0, ...[...prefetched, ...all].map((op) => op.op.length));
  const format = ([number, name, words, reason]: (typeof lines)[number]): string =>
    `  ${number.padStart(numberWidth)}  ${name.padEnd(nameWidth)}  ${words === '' ? '' : `${words}  `}# ${reason}`;
  return [
    `namespaces: ${plan.namespaces.join(', ')}`,
    `descriptors: ${plan.supplied.join(', ')}`,
    ...(limits.length === 0 ? [] : [`limits: ${limits.map(({ file, value }) => `${file} ${value}`).join(', ')}`]),
    `devices: ${devices === 'all' ? devices : devices.join(', ')}`,
    ...(prefetched.length === 0
      ? []
      : ['', 'prefetched, while the start before ran', ...prefetched.map((op) => format(line(op, '', prefetchPlan)))]),
    '',
    plan.strategy === 'opener' ? 'prepare, by an opener before the clone' : 'prepare',
    ...lines.slice(0, plan.prepare.length).map(format),
    '',
    'enter',
    ...lines.slice(plan.prepare.length).map(format),
    '',
  ].join('\n');
}

/** A plan as plain JSON values: 64-bit numbers as decimal strings, bytes as base64. */
export interface PlanJson {
  readonly strategy: string;
  readonly namespaces: readonly string[];
  readonly supplied: readonly string[];
  readonly slots: number;
  readonly limits: readonly PlannedLimit[];
  readonly devices: PlannedDevices;
  readonly prefetched: readonly OpJson[];
  readonly prepare: readonly OpJson[];
  readonly enter: readonly OpJson[];
}

export type OpJson = { readonly op: string; readonly reason: string } & {
  readonly [field: string]: string | number | null | readonly string[] | readonly number[];
};

/** The plan for programs: `orlop plan --format json`. */
export function planToJson(
  plan: Plan,
  limits: readonly PlannedLimit[] = [],
  devices: PlannedDevices = 'all',
): PlanJson {
  const { strategy, namespaces, supplied, slots } = plan;
  return {
    strategy,
    namespaces,
    supplied,
    slots,
    limits: limits.map(({ file, value }) => ({ file, value })),
    devices,
    prefetched: (plan.prefetched ?? []).map(opToJson),
    prepare: plan.prepare.map(opToJson),
    enter: plan.enter.map(opToJson),
  };
}

function opToJson(op: Op): OpJson {
  const values = fieldsOf(op);
  const fields = shapeOf(op.op).fields.map(([name]) => {
    const value = values[name];
    if (typeof value === 'bigint') return [name, value.toString()];
    if (ArrayBuffer.isView(value)) {
      const { buffer, byteOffset, byteLength } = value;
      return [name, Buffer.from(buffer, byteOffset, byteLength).toString('base64')];
    }
    return [name, value ?? null];
  });
  return { op: op.op, ...Object.fromEntries(fields), reason: op.reason };
}
