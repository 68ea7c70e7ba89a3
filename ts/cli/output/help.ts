import { type CommandEntry, synonyms } from '../commands.ts';
import { laterNames } from '../parse/later.ts';
import { wrap } from './wrap.ts';

const head = `Usage: orlop [--root DIR] COMMAND [OPTIONS] …

A container runtime: image layers, volumes, the application as PID 1. No daemon.
`;

/** Example command lines. */
export const examples = `orlop run --rm -v data:/test host sh -c 'echo hi > /test/f'
orlop import rootfs.tar debian:trixie
orlop run -v /home:/test -v ./one.conf:/etc/one.conf:ro host cat /test/a
orlop plan -v /test host true`;

export const exitStatus = `that of the application; 128+n when signal n ended it;
125 when orlop failed; 1 when nothing has a name that is given, except for an
image to run; 126 when the application cannot be executed, 127 when it is not
there.`;

const middle = `Examples:
${examples.replace(/^/gm, '  ')}

The image 'host' is the root filesystem of this machine, copy-on-write.
`;

const foot = `Options:
  --root DIR     Directory of the store (default ORLOP_ROOT, or /var/lib/orlop)
  -v, --version  Show the version
  -h, --help     Show this

Exit status: ${exitStatus}

'orlop COMMAND --help' shows the options of a command.
`;

/** Help of the program, or of a group of commands. */
export function topHelp(commands: readonly CommandEntry[], group: string | undefined): string {
  if (group !== undefined) {
    const long = Object.entries(synonyms).flatMap(([name, [target]]) =>
      commands.filter((one) => one.name === target).map((one) => ({ ...one, name })),
    );
    const inGroup = [...commands, ...long].filter(({ name }) => name.startsWith(`${group} `));
    return `Usage: orlop ${group} COMMAND\n\n${list(inGroup)}\n'orlop ${group} COMMAND --help' shows the options of a command.\n`;
  }
  const groups = [...new Set(commands.map((command) => command.group))];
  const sections = groups.map((name) => `${name}:\n${list(commands.filter((command) => command.group === name))}`);
  return [head, ...sections, `${wrap(`Not in this version: ${laterNames.join(' ')}`, '  ')}\n`, middle, foot].join(
    '\n',
  );
}

function list(commands: readonly CommandEntry[]): string {
  const width = Math.max(15, ...commands.map(({ name }) => name.length));
  return commands.map(({ name, summary }) => `  ${name.padEnd(width)} ${summary}\n`).join('');
}
