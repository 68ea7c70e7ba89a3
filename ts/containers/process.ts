import { RequestError } from '../errors/index.ts';
import type { ImageConfig, ResolvedUser } from '../images/types.ts';
import type { RunRequest } from '../request/types.ts';
import type { ProcessRecord } from './record.ts';

const defaultPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/**
 * Merges the request with the image's configuration into the process to start.
 *
 * @throws RequestError ORLOP_E_INPUT when neither names a command
 */
export function processOf(
  request: RunRequest,
  config: ImageConfig,
  user: ResolvedUser,
  hostname: string,
): ProcessRecord {
  return {
    argv: argvOf(request, config),
    env: environmentOf(request, config, user, hostname),
    cwd: request.workdir ?? (config.workingDir || '/'),
    uid: user.uid,
    gid: user.gid,
    groups: user.groups,
  };
}

/** An entrypoint of the caller's own takes the image's command away too, as in Docker: it was made for the other one. */
function argvOf(request: RunRequest, config: ImageConfig): string[] {
  const entrypoint = request.entrypoint ?? config.entrypoint;
  const command = request.argv.length > 0 || request.entrypoint !== null ? request.argv : config.cmd;
  const argv = [...entrypoint, ...command];
  if (argv.length === 0) {
    throw new RequestError('ORLOP_E_INPUT', `no command for a container of image '${request.image}'`, {
      hint: 'the image has none of its own: write one behind the image',
    });
  }
  return argv;
}

function environmentOf(request: RunRequest, config: ImageConfig, user: ResolvedUser, hostname: string): string[] {
  const variables = new Map<string, string>([
    ['PATH', defaultPath],
    ['HOSTNAME', hostname],
    ['HOME', user.home],
  ]);
  for (const entry of config.env) {
    const equals = entry.indexOf('=');
    if (equals > 0) variables.set(entry.slice(0, equals), entry.slice(equals + 1));
  }
  for (const { name, value } of request.env) {
    if (value === null) variables.delete(name);
    else variables.set(name, value);
  }
  return [...variables].map(([name, value]) => `${name}=${value}`);
}

/** Where the application is looked for: the one path when it has a slash, otherwise one for each part of its PATH. */
export function candidatesOf(process: ProcessRecord): string[] {
  const program = process.argv[0] ?? '';
  if (program.includes('/')) return [program];
  const path = process.env.find((entry) => entry.startsWith('PATH='))?.slice('PATH='.length) ?? defaultPath;
  return path.split(':').map((directory) => `${directory === '' ? '.' : directory}/${program}`);
}
