import type { LaunchResult } from '../native/contract.ts';
import type { Op, Plan } from '../plan/types.ts';
import type { Laps } from './laps.ts';
import type { Step } from './step.ts';

/** A start, and what is known of its times. */
export interface TimedStart {
  readonly plan: Plan;
  readonly times: LaunchResult['times'];
  readonly laps: Laps;
}

/** A step that executes an operation of the plan knows it. */
export interface PlanStep extends Step {
  readonly op?: Op | undefined;
}

/** Every step of a start, in the order in which they began. */
export function stepsOf({ plan, times, laps }: TimedStart): PlanStep[] {
  const caller: readonly PlanStep[] = laps.steps;
  return [...caller, ...launchSteps(plan, times)].sort((a, b) => a.from - b.from);
}

/**
 * The addon's part, without gaps: from its call to the application, or to the operation that was refused.
 *
 * @param times of the launch, CLOCK_MONOTONIC nanoseconds
 */
export function launchSteps(plan: Plan, times: LaunchResult['times']): PlanStep[] {
  const steps: PlanStep[] = [];
  let last = times.called;
  /** False for the last step reached, which has no end of its own: exec never returns, and a refused one ended it. */
  const add = (step: Omit<PlanStep, 'from' | 'to'>, end: number): boolean => {
    steps.push({ ...step, from: last, to: Math.max(last, end || times.returned) });
    last = end;
    return end !== 0;
  };
  const opener = plan.strategy === 'opener';
  const begun = opener ? (times.ops[0] ?? 0) : times.cloned;
  // What a pool has begun with before its call was in no queue.
  if (begun !== 0 && begun < times.called) last = begun;
  else if (!add({ phase: 'call', name: 'queue', reason: 'for the launching thread', thread: 'launcher' }, begun))
    return steps;
  if (!opener && !add(cloneOf(plan), times.entered)) return steps;
  for (const [index, op] of [...plan.prepare, ...plan.enter].entries()) {
    const opened = opener && index < plan.prepare.length;
    if (opener && index === plan.prepare.length && !add(cloneOf(plan), times.entered)) break;
    const phase = index < plan.prepare.length ? 'prepare' : 'enter';
    const step = { phase, name: op.op, reason: op.reason, thread: opened ? 'launcher' : 'init', op } as const;
    if (!add(step, times.ops[index + 1] ?? 0)) break;
  }
  return steps;
}

/** A container that waited in a pool has its process and its namespaces. */
function cloneOf(plan: Plan): Omit<PlanStep, 'from' | 'to'> {
  const made = plan.namespaces.length > 0;
  const [name, reason] = made ? ['clone', 'namespaces and process'] : ['hand over', 'plan'];
  return { phase: 'launch', name, reason, thread: 'launcher' };
}
