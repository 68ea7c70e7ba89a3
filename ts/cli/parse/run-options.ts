import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { RequestError } from '../../errors/index.ts';
import { messageOf } from '../../errors/message.ts';
import { kernelRelease } from '../../linux/kernel.ts';
import { online } from '../../linux/online.ts';
import { isolationNames } from '../../native/isolation-types.ts';
import { mergeEnv, parseEnv, parseEnvFile } from '../../request/environment.ts';
import { parseRunOptions } from '../../request/options.ts';
import type { EnvEntry, RunOptions, RunRequest } from '../../request/types.ts';
import { type CommandOption, flag, floorOf, type Invocation, text, texts } from '../command.ts';
import { cgroupParentOf, limitOptions, limitsOf } from './limit-options.ts';

export const isolationOption: CommandOption = {
  flags: '--isolation <names>',
  text: `Refuse to start with less than these: ${isolationNames.join(',')}`,
  many: true,
};

/** Options of `run`, `create` and `plan`. */
export const runOptions: readonly CommandOption[] = [
  {
    flags: '-v, --volume <spec>',
    text: 'Mount a volume: /target, NAME:/target or /host/path:/target[:ro,noexec,…]',
    many: true,
  },
  { flags: '--tmpfs <spec>', text: 'Mount a file system in memory: /target[:size=64m,mode=1777,exec,…]', many: true },
  { flags: '--rm', text: 'Remove the container and its anonymous volumes when it has ended' },
  { flags: '--name <name>', text: 'Name of the container' },
  { flags: '-i, --interactive', text: 'Pass standard input on (otherwise it is /dev/null)' },
  { flags: '-e, --env <variable>', text: 'Set a variable: A=b, or A to pass it on', many: true },
  { flags: '--env-file <file>', text: 'Read variables from a file', many: true },
  { flags: '-w, --workdir <dir>', text: 'Working directory in the container' },
  { flags: '-u, --user <user>', text: 'User and group, by name or number: user[:group]' },
  { flags: '-h, --hostname <name>', text: 'Host name of the container' },
  { flags: '--entrypoint <program>', text: 'Instead of the entrypoint of the image' },
  { flags: '--read-only', text: 'Make the root filesystem read-only' },
  { flags: '--network <mode>', text: 'none (loopback only, the default) or host' },
  { flags: '--cap-add <capability>', text: 'Add a capability, or ALL', many: true },
  { flags: '--cap-drop <capability>', text: 'Drop a capability, or ALL', many: true },
  {
    flags: '--security-opt <option>',
    text: 'no-new-privileges=false, seccomp=unconfined|FILE, systempaths=host|unconfined, mask=PATH, unmask=ALL|PATH',
    many: true,
  },
  ...limitOptions,
  { flags: '--ulimit <limit>', text: 'Set a limit of a process: nofile=1024:2048', many: true },
  {
    flags: '--sysctl <parameter>',
    text: "Set a parameter of the container's kernel: net.core.somaxconn=1024",
    many: true,
  },
  { flags: '--oom-score-adj <n>', text: 'From -1000 to 1000: 1000 is killed first when memory runs out' },
  { flags: '--shm-size <size>', text: 'Size of /dev/shm (64m)' },
  {
    flags: '--userns <mode>',
    text: 'host (the default), auto, keep-id, or UID:GID:SIZE: IDs of the host for the container',
  },
  { flags: '--stop-signal <signal>', text: "Signal of orlop stop (the image's, or SIGTERM)" },
  { flags: '--stop-timeout <seconds>', text: 'Seconds from that signal to SIGKILL (10), -1 for no SIGKILL' },
  isolationOption,
  { flags: '-l, --label <label>', text: 'Label the container: key=value', many: true },
];

/** Notes on the arguments of `run`, `create` and `plan`. */
export const runNotes = `IMAGE is one of 'orlop images', or 'host': the root filesystem of this machine, copy-on-write.
A volume with a NAME is made when it is missing, and stays; one without is anonymous.`;

/** Adds the arguments and hidden options of `run`, `create` and `plan`. */
export function addRunArguments(command: Command): void {
  command.usage('[OPTIONS] IMAGE [COMMAND] [ARGUMENTS]').argument('<image>').argument('[command...]');
  // Docker's other name of --network.
  command.option('--net <mode>').options.at(-1)?.hideHelp();
}

/**
 * Parses the values of `runOptions`, including the files that they name. A command calls it before it opens a store.
 *
 * @throws {RequestError}
 */
export async function runArguments({ io, args, values }: Invocation): Promise<RunRequest> {
  const [image = '', ...argv] = args;
  const options: RunOptions = {
    volumes: texts(values, 'volume'),
    tmpfs: texts(values, 'tmpfs'),
    rm: flag(values, 'rm'),
    name: text(values, 'name'),
    interactive: flag(values, 'interactive'),
    env: await variablesOf({ io, values }),
    workdir: text(values, 'workdir'),
    user: text(values, 'user'),
    hostname: text(values, 'hostname'),
    entrypoint: text(values, 'entrypoint'),
    readOnly: flag(values, 'readOnly'),
    network: text(values, 'network') ?? text(values, 'net'),
    capAdd: texts(values, 'capAdd'),
    capDrop: texts(values, 'capDrop'),
    securityOpt: texts(values, 'securityOpt'),
    ulimits: texts(values, 'ulimit'),
    limits: limitsOf(values),
    cgroupParent: cgroupParentOf(values),
    sysctls: texts(values, 'sysctl'),
    oomScoreAdj: text(values, 'oomScoreAdj'),
    shmSize: text(values, 'shmSize'),
    userns: text(values, 'userns'),
    isolation: floorOf(values),
    stopSignal: text(values, 'stopSignal') || undefined,
    stopTimeout: text(values, 'stopTimeout'),
    labels: texts(values, 'label'),
  };
  return parseRunOptions(image, argv, options, { cwd: io.cwd, env: io.env, kernel: kernelRelease, online });
}

/** The variables of `--env` and `--env-file`. */
export async function variablesOf({
  io,
  values,
}: Pick<Invocation, 'io' | 'values'>): Promise<Readonly<Record<string, string | null>>> {
  const env = mergeEnv([
    ...(await Promise.all(texts(values, 'envFile').map((file) => envFile(file, io.env)))).flat(),
    ...texts(values, 'env').map((one) => parseEnv(one, io.env)),
  ]);
  return Object.fromEntries(env.map(({ name, value }) => [name, value]));
}

async function envFile(file: string, environment: Invocation['io']['env']): Promise<readonly EnvEntry[]> {
  const bytes = await readFile(file).catch((cause: unknown) => {
    // Only some errors of Node name the file.
    const why = messageOf(cause);
    throw new RequestError('ORLOP_E_ENVIRONMENT', `the file of variables '${file}' cannot be read: ${why}`, { cause });
  });
  return parseEnvFile(decode(bytes, file), file, environment);
}

function decode(bytes: Uint8Array, file: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new RequestError('ORLOP_E_ENVIRONMENT', `'${file}' is not text in UTF-8`, { cause });
  }
}
