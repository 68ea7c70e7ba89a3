import { RequestError } from '../../errors/index.ts';

/** An option of Docker that orlop does not have yet. */
export interface LaterOption {
  /** Flags in commander's form. */
  readonly flags: string;
  /** Values that ask for what orlop does anyway. They are accepted. A flag has `false`, unless this names others. */
  readonly same?: readonly string[];
  /** What to do until then. */
  readonly meanwhile?: string;
  /** Why no later version brings it. */
  readonly never?: string;
}

const pid = (container = 'CONTAINER') => `$(orlop inspect -f '{{.State.Pid}}' ${container})`;
const fetch = 'skopeo copy docker://IMAGE docker-archive:FILE:IMAGE && orlop load -i FILE';
const ofNetworks = "containers have a loopback interface, or the host's networks: '--network host'";

/** Docker's commands, and Podman's of volumes, that orlop does not have yet, with what to do until then. */
export const laterCommands: Readonly<Record<string, string>> = {
  attach: "start it in the foreground: 'orlop start -a CONTAINER'",
  build: 'podman build -t IMAGE . && podman save IMAGE | orlop load',
  builder: 'podman build -t IMAGE . && podman save IMAGE | orlop load',
  buildx: 'podman build -t IMAGE . && podman save IMAGE | orlop load',
  compose: "let the shell start each container: 'orlop run … &'",
  cp: "share a volume ('-v ./DIR:/DIR'), or take files out: orlop export CONTAINER | tar -x PATH",
  events: "'orlop ps -a' shows the states",
  history: "orlop inspect -f '{{json .History}}' IMAGE",
  'image prune': 'orlop rmi $(orlop images -q -f dangling=true)',
  info: "'orlop version' and 'orlop doctor' have a part of it",
  login: 'skopeo login REGISTRY',
  logout: 'skopeo logout REGISTRY',
  logs: "let the shell keep the output: 'orlop run … >FILE 2>&1'",
  network: ofNetworks,
  pause: `kill -STOP ${pid()}`,
  port: "with '--network host' the ports are those that the application listens on",
  pull: fetch,
  push: 'orlop save -o FILE IMAGE && skopeo copy docker-archive:FILE docker://IMAGE',
  restart: 'orlop stop CONTAINER; orlop start -a CONTAINER',
  search: 'skopeo list-tags docker://REPOSITORY shows the tags of one',
  stats: `top -p ${pid()}`,
  system: "'orlop container prune', 'orlop rmi' and 'orlop volume prune' remove what is not used",
  'system df': 'du -sh /var/lib/orlop/*',
  'system events': "'orlop ps -a' shows the states",
  'system info': "'orlop version' and 'orlop doctor' have a part of it",
  unpause: `kill -CONT ${pid()}`,
  update: "give limits when it is made: '--memory', '--cpus'",
  'volume exists': 'orlop volume inspect VOLUME >/dev/null',
  'volume export': `tar -C $(orlop volume inspect -f '{{.Mountpoint}}' VOLUME) -c . >FILE`,
  'volume import': `tar -C $(orlop volume inspect -f '{{.Mountpoint}}' VOLUME) -x <FILE`,
  'volume mount': "orlop volume inspect -f '{{.Mountpoint}}' VOLUME",
  'volume rename': 'copy it: orlop run --rm -v OLD:/old -v NEW:/new host cp -a /old/. /new',
  'volume unmount': 'there is nothing to unmount: a mount ends with its container',
};

/** The later commands without those of a group, for the help. */
export const laterNames: readonly string[] = Object.keys(laterCommands).filter((name) => !name.includes(' '));

/** Docker's commands for its daemon or for a cluster, which orlop does without. */
export const foreignCommands: readonly string[] = [
  'checkpoint',
  'config',
  'context',
  'manifest',
  'node',
  'plugin',
  'secret',
  'service',
  'stack',
  'swarm',
  'trust',
  'volume reload',
  'volume update',
];

/** Docker's longer names of commands that come later: `container stop`. */
const longNames: Readonly<Record<string, string>> = {
  container: 'attach cp logs pause port restart stats unpause update',
  image: 'build history pull push',
};

/** The error of a command that Docker has and orlop does not; undefined for any other. */
export function refusalOf(words: readonly string[]): RequestError | undefined {
  const [first = '', second = ''] = words;
  for (const name of [`${first} ${second}`, first]) {
    const known = isLong(first, second) ? second : name;
    if (Object.hasOwn(laterCommands, known)) return later(`the command '${name}'`, laterCommands[known]);
    if (foreignCommands.includes(name)) {
      return new RequestError(
        'ORLOP_E_USAGE',
        `there is no command '${name}': it is one for Docker's daemon or cluster`,
        {
          hint: "'orlop --help' lists the commands",
        },
      );
    }
  }
  return undefined;
}

function isLong(group: string, name: string): boolean {
  return Object.hasOwn(longNames, group) && (longNames[group] ?? '').split(' ').includes(name);
}

/** True if each of these values of an option asks for what orlop does anyway. */
export function accepts({ flags, same }: LaterOption, ...values: readonly string[]): boolean {
  const accepted = same ?? (flags.endsWith('>') ? [] : ['false']);
  return values.every((value) => accepted.includes(value));
}

/** The error of an option that orlop does not have yet, `--name`. */
export function laterOption(name: string, { meanwhile, never }: LaterOption): RequestError {
  if (never === undefined) return later(`option '${name}'`, meanwhile);
  return new RequestError('ORLOP_E_USAGE', `option '${name}' ${never}`, { hint: 'leave it out' });
}

export function later(what: string, meanwhile: string | undefined): RequestError {
  const hint = meanwhile === undefined ? undefined : `until then: ${meanwhile}`;
  return new RequestError('ORLOP_E_LATER', `${what} comes with a later version`, { hint });
}
