import type { LaunchOptions, LaunchResult, Native, NativePrepared, PrepareOptions } from '../../ts/native/contract.ts';
import { encodePlan } from '../../ts/plan/encode.ts';
import type { Plan } from '../../ts/plan/types.ts';

/** Prepares a plan in the addon. Defaults: no surroundings, all features of the kernel. */
export function prepare(native: Native, plan: Plan, options: Partial<PrepareOptions> = {}): NativePrepared {
  const { bytes, holes } = encodePlan(plan);
  return native.prepare(bytes, { holes, features: native.features(), ...options });
}

export type PlanLaunch = Partial<PrepareOptions & LaunchOptions> & { readonly token?: object };

/** Prepares a plan and launches it once. Rejects if the addon refuses to prepare it. */
export async function launchPlan(
  native: Native,
  plan: Plan,
  { token = {}, ...options }: PlanLaunch = {},
): Promise<LaunchResult> {
  return launchPrepared(native, prepare(native, plan, options), { ...options, token });
}

/** Launches a prepared start without holes and supplied slots, unless the options fill them. */
export function launchPrepared(
  native: Native,
  prepared: NativePrepared,
  { token = {}, ...options }: Partial<LaunchOptions> & { readonly token?: object } = {},
): Promise<LaunchResult> {
  return native.launch(prepared, { values: [], descriptors: [], ...options }, token);
}
