import { RequestError } from '../errors/index.ts';
import type { ResolvedUser } from '../images/types.ts';
import { readUsers } from '../images/users/read-users.ts';
import { findUser, withGroups } from '../images/users/users.ts';
import { launch } from '../launch/launch.ts';
import { type PreparedForm, prepareForm } from '../launch/prepared-start.ts';
import type { ProcessIdentity } from '../linux/proc.ts';
import { sigkill } from '../linux/signals.ts';
import type { EnteredContainer, Native, NativeExit, NativeProcess } from '../native/contract.ts';
import { helperExecutable } from '../native/helper.ts';
import { bootOrlopInit } from '../plan/boot.ts';
import { buildExec } from '../plan/exec.ts';
import type { ContainerRecord, StoredContainer } from '../record/schema.ts';
import type { ExecRequest } from '../request/options.ts';
import type { EnvEntry } from '../request/types.ts';
import { type ExecProcess, resolveExec } from '../resolve/exec.ts';
import { commandOf } from '../resolve/process.ts';
import { errorCode } from '../store/system-error.ts';
import { exitStatus } from '../supervise/exit.ts';
import { StdioPipes } from '../supervise/stdio-pipes.ts';
import { stdioSources } from '../supervise/stdio-sources.ts';
import { openPlace } from './exec-place.ts';
import { doesNotRun, findTarget } from './exec-target.ts';
import type { StartRequest } from './launch-container.ts';
import type { Run } from './run.ts';
import type { Runtime } from './runtime.ts';

/**
 * Executes a command in a running container of any program: in the container's namespaces and cgroups, with its
 * restrictions.
 * The process ends with this program, and with the container.
 *
 * @throws RequestError ORLOP_E_INPUT when the container does not run or is paused, ORLOP_E_NO_USER, ORLOP_E_ABORTED
 * @throws LaunchError when the kernel refused, or the command cannot be executed
 */
export async function execInContainer(
  runtime: Runtime,
  container: StoredContainer,
  request: ExecRequest,
  how: StartRequest,
): Promise<Run> {
  const { native, store } = runtime;
  const { record } = container;
  const { laps, stdio, signal, collect } = how;
  if (request.argv.length === 0) throw noCommand(record.name);
  const { application, groups } = await findTarget(store, container);
  laps.lap('container', 'it runs');
  const user = request.user === null ? null : await userIn(native, record, application, request.user);
  const { uid, gid, groups: others } = user ?? record.process;
  const form = await formOf(native, record, {
    uid,
    gid,
    groups: others,
    cwd: request.workdir ?? record.process.cwd,
  });
  const env = await environmentOf(runtime, record, request.env, user);
  laps.lap('plan', 'the operations, as bytes');
  const streams = stdioSources(stdio);
  const onExit = {
    collect: collect !== undefined,
    reportWithExit: collect !== undefined && stdio.stdin !== 'pipe',
    limit: collect ?? 0,
  };
  const place = await openPlace(native, application, groups);
  try {
    const launched = await launch(native, form, {
      values: [],
      command: commandOf({ argv: request.argv, env }),
      descriptors: streams.sources,
      group: { cgroup: place.cgroup, seat: place.seat, limits: [] },
      enter: entered(native, application, record),
      onExit,
      signal,
    });
    laps.launched(launched.times, onExit.reportWithExit);
    const exitReport = reportOf(launched.ended ?? exitOf(native, launched.process)).finally(() => place.leave());
    return {
      ...launched,
      id: record.id,
      name: record.name,
      laps,
      stdio: new StdioPipes(native, streams, launched.pipes, onExit.collect),
      exitReport,
      exited: exitReport.then(({ status }) => status),
    };
  } catch (error) {
    place.leave();
    throw errorCode(error) === 'ESRCH' ? doesNotRun(record.name) : error;
  } finally {
    place.opened();
  }
}

function noCommand(name: string): RequestError {
  return new RequestError('ORLOP_E_INPUT', `no command for container '${name}'`, {
    hint: "name one: 'orlop exec CONTAINER COMMAND'",
  });
}

/** The cgroups of a container do not count the exit of one of its processes. */
async function reportOf(ended: Promise<NativeExit>) {
  const end = await ended;
  return { ...end, group: null, timeLimit: null, status: exitStatus(end.exit) };
}

async function exitOf(native: Native, process: NativeProcess): Promise<NativeExit> {
  return { exit: await native.wait(process), outputs: [], overflow: null, cut: false, failure: null };
}

/** The user, as the files of the running container name it. Volumes are left out, as for a start. */
async function userIn(
  native: Native,
  { image: { reference }, request }: ContainerRecord,
  { pid, startTime }: ProcessIdentity,
  user: string,
): Promise<ResolvedUser> {
  const view = await native.openRootOf(pid, startTime);
  try {
    const users = await readUsers(native, view, reference);
    return withGroups(findUser(user === '' ? '0' : user, users, reference), request.groupAdd ?? [], users, reference);
  } finally {
    await native.close(view);
  }
}

/** The container's environment with the changes. Another user has another home, unless somebody has set it. */
async function environmentOf(
  { images }: Pick<Runtime, 'images'>,
  { image, process, request }: ContainerRecord,
  changes: readonly EnvEntry[],
  user: ResolvedUser | null,
): Promise<string[]> {
  const variables = new Map(
    process.env.map((entry): [string, string] => {
      const equals = entry.indexOf('=');
      return [entry.slice(0, equals), entry.slice(equals + 1)];
    }),
  );
  if (user !== null && !request.env.some(({ name }) => name === 'HOME')) {
    const config = await images.resolve(image.id).then(
      ({ value }) => value.config.env,
      // It was removed meanwhile.
      (): readonly string[] => [],
    );
    if (!config.some((entry) => entry.startsWith('HOME='))) variables.set('HOME', user.home);
  }
  for (const { name, value } of changes) {
    if (value === null) variables.delete(name);
    else variables.set(name, value);
  }
  return [...variables].map(([name, value]) => `${name}=${value}`);
}

const maxForms = 64;
const forms = new WeakMap<Native, Map<string, Promise<PreparedForm>>>();

/** The prepared start of a container's further processes: the same for all with one user and directory. */
function formOf(native: Native, record: ContainerRecord, process: ExecProcess): Promise<PreparedForm> {
  const known = forms.get(native) ?? new Map<string, Promise<PreparedForm>>();
  forms.set(native, known);
  const key = JSON.stringify([record.id, process]);
  const found = known.get(key);
  if (found !== undefined) return found;
  if (known.size >= maxForms) known.clear();
  const made = resolveExec(native, record, process).then((facts) => prepareForm(native, buildExec(facts), {}));
  known.set(key, made);
  made.catch(() => known.delete(key));
  return made;
}

const boots = new WeakMap<Native, Map<number | null, PreparedForm>>();

function entered(native: Native, { pid, startTime }: ProcessIdentity, { request }: ContainerRecord): EnteredContainer {
  const oomScore = request.oomScoreAdj ?? null;
  const known = boots.get(native) ?? new Map<number | null, PreparedForm>();
  boots.set(native, known);
  const boot =
    known.get(oomScore) ??
    prepareForm(
      native,
      bootOrlopInit('enter', { strategy: 'in-child', namespaces: [], parentDeath: sigkill, oomScore }),
      {},
    );
  known.set(oomScore, boot);
  return { pid, startTime, program: helperExecutable(), boot: boot.native };
}
