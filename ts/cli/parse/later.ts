import { RequestError } from '../../errors/index.ts';

/** Docker's options of run and create that orlop does not have yet. */
export const laterRunOptions: readonly string[] = [
  '-d, --detach',
  '-t, --tty',
  '-p, --publish <ports>',
  '-P, --publish-all',
  '-m, --memory <size>',
  '-a, --attach <stream>',
  '--add-host <entry>',
  '--annotation <pair>',
  '--blkio-weight <n>',
  '--cgroup-parent <path>',
  '--cgroupns <mode>',
  '--cidfile <file>',
  '--cpus <n>',
  '--cpu-shares <n>',
  '--cpuset-cpus <list>',
  '--detach-keys <keys>',
  '--device <device>',
  '--dns <address>',
  '--expose <port>',
  '--gpus <list>',
  '--group-add <group>',
  '--health-cmd <command>',
  '--init',
  '--ip <address>',
  '--ipc <mode>',
  '--label-file <file>',
  '--log-driver <driver>',
  '--log-opt <option>',
  '--memory-reservation <size>',
  '--memory-swap <size>',
  '--mount <spec>',
  '--network-alias <name>',
  '--oom-kill-disable',
  '--pid <mode>',
  '--pids-limit <n>',
  '--platform <platform>',
  '--privileged',
  '--pull <policy>',
  '--restart <policy>',
  '--runtime <name>',
  '--sig-proxy',
  '--stop-signal <signal>',
  '--stop-timeout <seconds>',
  '--storage-opt <option>',
  '--sysctl <option>',
  '--userns <mode>',
  '--uts <mode>',
  '--volume-driver <driver>',
  '--volumes-from <container>',
];

export const laterCommands: readonly string[] = [
  'attach',
  'build',
  'compose',
  'cp',
  'events',
  'exec',
  'history',
  'kill',
  'login',
  'logout',
  'logs',
  'network',
  'pause',
  'port',
  'pull',
  'push',
  'rename',
  'restart',
  'search',
  'stats',
  'stop',
  'system',
  'top',
  'unpause',
  'update',
  'wait',
];

/** Replacements for options of a later version. */
const instead: ReadonlyMap<string, string> = new Map([
  [
    '--tty',
    "'-i' alone passes standard input on; as a command, 'script -qc sh /dev/null' makes a terminal in the container",
  ],
  ['--detach', "let the shell do it: 'orlop run … &'"],
  ['--mount', "use '-v SOURCE:TARGET[:ro]' or '--tmpfs TARGET'"],
  ['--publish', "with '--network host' the application listens on the host's own ports"],
]);

export function later(what: string, option = ''): RequestError {
  return new RequestError('ORLOP_E_LATER', `${what} comes with a later version`, { hint: instead.get(option) });
}

/** Wraps a list of words at 100 columns; continued lines are indented. */
export function wrap(line: string): string {
  const lines: string[] = [];
  let current = '';
  for (const word of line.split(' ')) {
    if (current !== '' && current.length + 1 + word.length > 100) {
      lines.push(current);
      current = `  ${word}`;
    } else {
      current = current === '' ? word : `${current} ${word}`;
    }
  }
  return [...lines, current].join('\n');
}
