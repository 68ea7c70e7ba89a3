import { defaultDeviceRules, formatRule } from '../linux/device-rules.ts';
import { buildPlan } from '../plan/build.ts';
import type { PlannedDevices, PlannedLimit } from '../plan/describe.ts';
import { BinaryPlan } from '../plan/encoded.ts';
import { inForm } from '../plan/form.ts';
import type { Plan } from '../plan/types.ts';
import { prefetchedNetworkPlan } from '../prefetch/networks.ts';
import { hasOwnUsers } from '../record/layer.ts';
import type { RunRequest } from '../request/types.ts';
import type { ResolvedSource } from '../resolve/sources.ts';
import { newId } from '../store/id.ts';
import { newOwn } from './own.ts';
import { prepareContainer } from './prepare.ts';
import type { Runtime } from './runtime.ts';

/**
 * Builds the plan that a run of this request would execute now, with the operations of its prefetched parts. Nothing is
 * made: volumes and the layer appear with their paths.
 */
export async function planRun(
  runtime: Runtime,
  request: RunRequest,
): Promise<{ readonly plan: Plan; readonly limits: readonly PlannedLimit[]; readonly devices: PlannedDevices }> {
  const { store, where, networks, roots } = runtime;
  const { resolved, root } = await prepareContainer(runtime, request, {
    durability: request.rm ? 'ephemeral' : 'durable',
  });
  const volumes = new Map(
    resolved.volumes.map(({ name }): [string, ResolvedSource] => [
      name,
      { path: store.volumeData(name), device: 0n, inode: 0n, type: 'directory' },
    ]),
  );
  const ownUsers = hasOwnUsers(resolved.request);
  const network = !ownUsers && request.network === 'none' && networks.ready > 0;
  const mounts = root === null ? null : roots.prefetched(root.key);
  const strategy = ownUsers ? 'opener' : where.choose(resolved.mayHang || resolved.disk === 'memory');
  const form = { strategy, network, mounts: mounts?.names ?? null };
  const facts = resolved.facts(volumes);
  const plan = new BinaryPlan(buildPlan(inForm(facts, form)));
  const { values, command } = newOwn(resolved, request, newId());
  const prefetched = [...(network ? prefetchedNetworkPlan().enter : []), ...(mounts?.plan(values).prepare ?? [])];
  const { disk } = request.limits;
  const quota = resolved.disk === 'quota' ? [{ file: 'project quota', value: `${disk}` }] : [];
  const limits = [...runtime.groups.asked(request.limits), ...quota];
  const holder = runtime.groups.deviceHolder(request.limits);
  const rules = 'why' in holder ? 'all' : (facts.deviceRules ?? defaultDeviceRules);
  const devices = rules === 'all' ? rules : rules.map(formatRule);
  return { plan: { ...plan.read(values, command), prefetched }, limits, devices };
}
