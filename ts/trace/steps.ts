import type { LaunchResult } from '../native/contract.ts';
import type { Op, Plan } from '../plan/types.ts';
import type { Laps } from './laps.ts';
import type { Step } from './step.ts';

/** A start and its times. */
export interface TimedStart {
  readonly plan: Plan;
  readonly times: LaunchResult['times'];
  readonly laps: Laps;
}

/** A step, with its operation of the plan if it executes one. */
export interface PlanStep extends Step {
  readonly op?: Op | undefined;
}

/** All steps of a start in the order in which they began. */
export function stepsOf({ plan, times, laps }: TimedStart): PlanStep[] {
  const caller: readonly PlanStep[] = laps.steps;
  return [...caller, ...launchSteps(plan, times)].sort((a, b) => a.from - b.from);
}

/**
 * Steps of the addon, without gaps: from its call to the application, or to the refused operation.
 *
 * @param times times of the launch, CLOCK_MONOTONIC in nanoseconds
 */
export function launchSteps(plan: Plan, times: LaunchResult['times']): PlanStep[] {
  const steps: PlanStep[] = [];
  let last = times.called;
  /** False for the last step, which has no end time: exec does not return, and a refused step ends the start. */
  const add = (step: Omit<PlanStep, 'from' | 'to'>, end: number): boolean => {
    steps.push({ ...step, from: last, to: Math.max(last, end || times.returned) });
    last = end;
    return end !== 0;
  };
  const opener = plan.strategy === 'opener';
  const begun = opener ? (times.ops[0] ?? 0) : times.cloned;
  // A pool's operations before the call were in no queue.
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

/** A waiting container already has its process and namespaces. */
function cloneOf(plan: Plan): Omit<PlanStep, 'from' | 'to'> {
  const made = plan.namespaces.length > 0;
  const [name, reason] = made ? ['clone', 'namespaces and process'] : ['hand over', 'plan'];
  return { phase: 'launch', name, reason, thread: 'launcher' };
}
