import { randomBytes } from 'node:crypto';
import { closeSync, constants, mkdirSync, openSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { LaunchError, RequestError } from '../../errors/index.ts';
import { messageOf } from '../../errors/message.ts';
import { launch } from '../../launch/launch.ts';
import { prepareForm } from '../../launch/prepared-start.ts';
import type { Native } from '../../native/contract.ts';
import { defaultCapabilities } from '../../plan/defaults.ts';
import type { Plan } from '../../plan/types.ts';
import { resolveFilter } from '../../resolve/filter.ts';
import { type TrialName, trialNames, trialPlans } from './trial-plans.ts';

/** What came of a trial: null if it succeeded. */
export type Refused = { readonly error: string; readonly hint?: string | undefined } | null;

/** Without `id map` for a caller in a user namespace, to whom the kernel allows none on the file systems of the machine. */
export type Tried = Readonly<Partial<Record<TrialName, Refused>>>;

/**
 * Tries the parts of a start, as this caller makes them. What is made ends with the trial.
 *
 * @param parent existing directory on the file system of the store
 */
export async function tryParts(native: Native, parent: string): Promise<Tried> {
  const directory = join(parent, `.orlop-doctor-${randomBytes(6).toString('hex')}`);
  try {
    mkdirSync(directory, { mode: 0o700 });
  } catch (error) {
    const hint = 'choose a directory that you may write, with --root or ORLOP_ROOT';
    return { ...(await tryAll(native, directory)), overlayfs: { error: messageOf(error), hint } };
  }
  try {
    for (const name of ['lower', 'upper', 'work', 'root']) mkdirSync(join(directory, name));
    return await tryAll(native, directory);
  } finally {
    await remove(native, directory);
  }
}

async function tryAll(native: Native, directory: string): Promise<Tried> {
  const request = {
    security: { seccomp: 'default', noNewPrivileges: true, systemPaths: 'own' },
    capabilities: { add: [], drop: [] },
  } as const;
  const { value: filter } = await resolveFilter(request, defaultCapabilities);
  const userxattr = native.rights.kind === 'user';
  const plans = trialPlans({ directory, userxattr, filter: filter ?? new Uint8Array() });
  const tried: Partial<Record<TrialName, Refused>> = {};
  for (const name of trialNames) {
    if (name !== 'id map') tried[name] = await tryPlan(native, plans[name], []);
    else if (native.rights.kind === 'root') tried[name] = await tryMap(native, plans[name]);
  }
  return tried;
}

/** Tries a plan that is given the user namespace of a range, as for `--userns auto`. */
async function tryMap(native: Native, plan: Plan): Promise<Refused> {
  let range: number;
  try {
    range = await native.makeUserNamespace('0 2147483648 65536\n', '0 2147483648 65536\n');
  } catch (error) {
    return { error: messageOf(error) };
  }
  try {
    return await tryPlan(native, plan, [range]);
  } finally {
    native.closeSync(range);
  }
}

async function tryPlan(native: Native, plan: Plan, descriptors: readonly number[]): Promise<Refused> {
  try {
    await launch(native, prepareForm(native, plan, {}), { values: [], descriptors });
    throw new Error('a directory was executed');
  } catch (error) {
    if (error instanceof LaunchError) return error.step === 'exec' ? null : { error: error.message, hint: error.hint };
    return { error: messageOf(error), ...(error instanceof RequestError && { hint: error.hint }) };
  }
}

/** The kernel makes a directory of a union that not even its owner may read. */
async function remove(native: Native, directory: string): Promise<void> {
  const parent = openSync(dirname(directory), constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await native.removeTree(parent, basename(directory));
  } finally {
    closeSync(parent);
  }
}
