import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { type ErrorCode, RequestError } from '../../errors/index.ts';
import { messageOf } from '../../errors/message.ts';
import { machine } from '../../linux/machine.ts';
import { isolationNames } from '../../native/isolation-types.ts';
import { mergeEnv, parseEnv, parseEnvFile } from '../../request/environment.ts';
import { parseRunOptions } from '../../request/options.ts';
import type { EnvEntry, RunOptions, RunRequest } from '../../request/types.ts';
import { type CommandOption, collect, flag, floorOf, type Invocation, text, texts } from '../command.ts';
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
  { flags: '--add-host <entry>', text: 'Add an address to /etc/hosts: db:10.0.0.7', many: true },
  { flags: '--dns <address>', text: "Name server, in the place of the host's", many: true },
  { flags: '--dns-search <domain>', text: 'Domain to search for names without a dot', many: true },
  { flags: '--dns-option <option>', text: 'Option of the resolver: ndots:2', many: true },
  { flags: '--group-add <group>', text: 'Another group of the user, by name or number', many: true },
  { flags: '--pid <mode>', text: "private (the default), or host: see and signal the host's processes" },
  { flags: '--cgroupns <mode>', text: "private (the container's control group is its top, the default) or host" },
  { flags: '--cap-add <capability>', text: 'Add a capability, or ALL', many: true },
  { flags: '--cap-drop <capability>', text: 'Drop a capability, or ALL', many: true },
  {
    flags: '--security-opt <option>',
    text: 'no-new-privileges=false, seccomp=unconfined|FILE, apparmor=unconfined|PROFILE, systempaths=host|unconfined, mask=PATH, unmask=ALL|PATH',
    many: true,
  },
  { flags: '--device <device>', text: 'Give a device of the host: HOST[:CONTAINER][:rwm]', many: true },
  {
    flags: '--device-cgroup-rule <rule>',
    text: "Allow other devices, as root: 'c 10:229 rwm', 'b 8:* r'",
    many: true,
  },
  { flags: '--privileged', text: 'All capabilities and devices, a writable /sys, no filter, no masked paths' },
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
  { flags: '--label-file <file>', text: 'Read labels from a file, one a line', many: true },
  { flags: '--cidfile <file>', text: 'Write the ID of the container to a new file' },
];

/** Notes on the arguments of `run`, `create` and `plan`. */
export const runNotes = `IMAGE is one of 'orlop images', or 'host': the root filesystem of this machine, copy-on-write.
A volume with a NAME is made when it is missing, and stays; one without is anonymous.`;

/** Adds the arguments and hidden options of `run`, `create` and `plan`. */
export function addRunArguments(command: Command): void {
  command.usage('[OPTIONS] IMAGE [COMMAND] [ARGUMENTS]').argument('<image>').argument('[command...]');
  // Docker's other name of --network.
  command.option('--net <mode>').options.at(-1)?.hideHelp();
  command.option('--dns-opt <option>', '', collect).options.at(-1)?.hideHelp();
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
    extraHosts: texts(values, 'addHost'),
    dns: texts(values, 'dns'),
    dnsSearch: texts(values, 'dnsSearch'),
    dnsOptions: [...texts(values, 'dnsOption'), ...texts(values, 'dnsOpt')],
    groupAdd: texts(values, 'groupAdd'),
    pid: text(values, 'pid'),
    cgroupns: text(values, 'cgroupns'),
    capAdd: texts(values, 'capAdd'),
    capDrop: texts(values, 'capDrop'),
    securityOpt: texts(values, 'securityOpt'),
    devices: texts(values, 'device'),
    deviceCgroupRules: texts(values, 'deviceCgroupRule'),
    privileged: flag(values, 'privileged'),
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
    labels: [...(await Promise.all(texts(values, 'labelFile').map(labelFile))).flat(), ...texts(values, 'label')],
  };
  return parseRunOptions(image, argv, options, { cwd: io.cwd, env: io.env, ...machine });
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
  return parseEnvFile(await readLines('ORLOP_E_ENVIRONMENT', 'of variables', file), file, environment);
}

/** Labels of a file as Docker reads it: one a line, `#` begins a comment. */
async function labelFile(file: string): Promise<readonly string[]> {
  const lines = (await readLines('ORLOP_E_INPUT', 'of labels', file)).split('\n').map((line) => line.trim());
  return lines.filter((line) => line !== '' && !line.startsWith('#'));
}

async function readLines(code: ErrorCode, what: string, file: string): Promise<string> {
  const bytes = await readFile(file).catch((cause: unknown) => {
    // Only some errors of Node name the file.
    throw new RequestError(code, `the file ${what} '${file}' cannot be read: ${messageOf(cause)}`, { cause });
  });
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new RequestError(code, `'${file}' is not text in UTF-8`, { cause });
  }
}
