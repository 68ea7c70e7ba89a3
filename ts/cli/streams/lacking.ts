import type { Container } from '../../api/types.ts';
import { capabilitiesOfKernel } from '../../linux/own-capabilities.ts';
import type { RunRequest } from '../../request/types.ts';
import type { Io } from '../io.ts';
import { notify } from '../output/report.ts';

/** Names the capabilities that `--cap-add ALL` cannot give, because the caller does not hold them. */
export async function notifyOfLacking(
  io: Io,
  container: Container,
  { capabilities: { add, drop } }: Pick<RunRequest, 'capabilities'>,
): Promise<void> {
  if (!add.includes('ALL')) return;
  const { BoundingCaps } = await container.inspect();
  const given = new Set([...(BoundingCaps ?? []), ...drop]);
  const lacking = capabilitiesOfKernel().filter((name) => !given.has(name));
  if (lacking.length === 0) return;
  notify(io, { message: `the container has all capabilities of the caller, who does not hold ${lacking.join(', ')}` });
}
