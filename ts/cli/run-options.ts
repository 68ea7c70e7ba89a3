import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { RequestError } from '../errors/index.ts';
import { mergeEnv, parseEnv, parseEnvFile } from '../request/environment.ts';
import { parseRunOptions } from '../request/options.ts';
import type { EnvEntry, RunOptions } from '../request/types.ts';
import { collect, flag, type Invocation, text, texts } from './command.ts';

/** The options of `run`, `create` and `plan`. */
export function addRunOptions(command: Command): void {
  command
    .usage('[OPTIONS] IMAGE [COMMAND] [ARGUMENTS]')
    .argument('<image>')
    .argument('[command...]')
    .option('-v, --volume <spec>', 'Mount a volume: [NAME:]/target or /host/path:/target, then [:ro,…]', collect)
    .option('--tmpfs <spec>', 'Mount a file system in memory: /target[:size=64m,mode=1777,exec,…]', collect)
    .option('--rm', 'Remove the container and its anonymous volumes when it has ended')
    .option('--name <name>', 'Name of the container')
    .option('-i, --interactive', 'Pass standard input on (otherwise it is /dev/null)')
    .option('-e, --env <variable>', 'Set a variable: A=b, or A to pass it on', collect)
    .option('--env-file <file>', 'Read variables from a file', collect)
    .option('-w, --workdir <dir>', 'Working directory in the container')
    .option('-u, --user <user>', 'User and group, by name or number: user[:group]')
    .option('-h, --hostname <name>', 'Host name of the container')
    .option('--entrypoint <program>', 'Instead of the entrypoint of the image')
    .option('--read-only', 'Make the root filesystem read-only')
    .option('--network <mode>', 'none (loopback only, the default) or host')
    .option('--cap-add <capability>', 'Add a capability, or ALL', collect)
    .option('--cap-drop <capability>', 'Drop a capability, or ALL', collect)
    .option('--security-opt <option>', 'no-new-privileges=false, seccomp=unconfined, seccomp=FILE', collect)
    .option('--ulimit <limit>', 'Set a limit: nofile=1024:2048', collect)
    .option('--shm-size <size>', 'Size of /dev/shm (64m)')
    .option('-l, --label <label>', 'Label the container: key=value', collect);
  // Docker also knows it by this name.
  command.option('--net <mode>').options.at(-1)?.hideHelp();
}

export interface RunArguments {
  readonly image: string;
  readonly argv: readonly string[];
  readonly options: RunOptions;
}

/**
 * Reads what `addRunOptions` defined, the files that it names included, and checks it before a store is opened.
 *
 * @throws {RequestError}
 */
export async function runArguments({ io, args, values }: Invocation): Promise<RunArguments> {
  const [image = '', ...argv] = args;
  const env = mergeEnv([
    ...(await Promise.all(texts(values, 'envFile').map((file) => envFile(file, io.env)))).flat(),
    ...texts(values, 'env').map((one) => parseEnv(one, io.env)),
  ]);
  const options: RunOptions = {
    volumes: texts(values, 'volume'),
    tmpfs: texts(values, 'tmpfs'),
    rm: flag(values, 'rm'),
    name: text(values, 'name'),
    interactive: flag(values, 'interactive'),
    env: Object.fromEntries(env.map(({ name, value }) => [name, value])),
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
    shmSize: text(values, 'shmSize'),
    labels: texts(values, 'label'),
  };
  parseRunOptions(image, argv, options, { cwd: io.cwd, env: io.env });
  return { image, argv, options };
}

async function envFile(file: string, environment: Invocation['io']['env']): Promise<readonly EnvEntry[]> {
  return parseEnvFile(decode(await readFile(file), file), file, environment);
}

function decode(bytes: Uint8Array, file: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new RequestError('ORLOP_E_ENVIRONMENT', `'${file}' is not text in UTF-8`, { cause });
  }
}
