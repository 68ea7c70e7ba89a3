import type { Command } from 'commander';
import type { CommandModule } from '../command.ts';
import { exitStatus, examples as mainExamples } from '../output/help.ts';
import { repeatable } from '../parse/define.ts';

/** Facts of a command on its page, besides its options. */
export interface Entry {
  readonly name: string;
  readonly summary: string;
  readonly group: string;
}

/** Name of a page: `volume ls` → `orlop-volume-ls`. */
export function pageName(command: string): string {
  return `orlop-${command.replaceAll(' ', '-')}`;
}

/** Page of the program, man-pages(7). */
export function mainPage(commands: readonly Entry[], version: string): string {
  const groups = [...new Set(commands.map(({ group }) => group))];
  const lists = groups.flatMap((group) => [
    `.SS ${literal(group)}`,
    ...commands
      .filter((entry) => entry.group === group)
      .flatMap(({ name, summary }) => ['.TP', `.BR ${literal(pageName(name))} (1)`, `${line(summary)}.`]),
  ]);
  return page('orlop', 'a container runtime without a daemon', version, [
    '.SH SYNOPSIS',
    '.B orlop',
    '[\\fB\\-\\-root\\fR \\fIDIR\\fR] \\fICOMMAND\\fR [\\fIOPTIONS\\fR] ...',
    '.SH DESCRIPTION',
    'A container runtime: image layers, volumes, and the application as PID 1.',
    'The image',
    '.B host',
    'is the root filesystem of this machine, copy-on-write.',
    '.SH COMMANDS',
    ...lists,
    '.SH OPTIONS',
    ...option('--root <dir>', 'Directory of the store'),
    ...option('-v, --version', 'Show the version'),
    ...option('-h, --help', 'Show the commands'),
    '.SH EXIT STATUS',
    ...paragraphs(exitStatus),
    '.SH ENVIRONMENT',
    ...variable('ORLOP_ROOT', 'Directory of the store, if --root does not name it.'),
    ...variable('ORLOP_NATIVE', 'File of the addon, instead of the one in the package.'),
    ...variable(
      'ORLOP_ARCHIVE',
      'File of the program that reads and writes archives, instead of the one in the package.',
    ),
    ...variable('NO_COLOR', 'Not empty: no colours in messages.'),
    '.SH FILES',
    ...variable('/var/lib/orlop', 'The store of root: images, layers, containers, volumes.'),
    ...variable('$XDG_DATA_HOME/orlop', 'The store of another user; ~/.local/share/orlop without the variable.'),
    ...variable('/run/orlop', 'What a reboot may lose: locks, and the records of containers in the foreground.'),
    '.SH EXAMPLES',
    '.EX',
    ...mainExamples.split('\n').map(line),
    '.EE',
  ]);
}

/** Page of a command. */
export function commandPage(
  { name, summary }: Entry,
  command: Command,
  { notes, examples }: Pick<CommandModule, 'notes' | 'examples'>,
  version: string,
): string {
  const help = command.createHelp();
  const repeated = repeatable(command);
  const options = help.visibleOptions(command).flatMap(({ flags, description }) => option(flags, description));
  return page(pageName(name), summary, version, [
    '.SH SYNOPSIS',
    `.B ${literal(`orlop ${name}`)}`,
    line(command.usage()),
    '.SH DESCRIPTION',
    `${line(summary)}.`,
    ...(notes === undefined ? [] : notes.split('\n').flatMap((one) => ['.PP', line(one)])),
    '.SH OPTIONS',
    ...(repeated === '' ? [] : [`These may be repeated: ${line(repeated)}.`]),
    ...options,
    '.SH EXIT STATUS',
    ...paragraphs(name === 'run' || name === 'start' ? exitStatus : '0, or 125 when orlop failed.'),
    ...(examples === undefined ? [] : ['.SH EXAMPLES', '.EX', ...examples.map(line), '.EE']),
    '.SH SEE ALSO',
    '.BR orlop (1)',
  ]);
}

function page(name: string, summary: string, version: string, body: readonly string[]): string {
  // No date: equal sources give equal pages.
  const head = [
    `.TH ${name.toUpperCase()} 1 "" "orlop ${version}" "orlop"`,
    '.SH NAME',
    `${literal(name)} \\- ${line(summary)}`,
  ];
  return `${[...head, ...body].join('\n')}\n`;
}

function option(flags: string, description: string): string[] {
  const shown = literal(flags)
    .replace(/<(.*?)>/g, (_, value: string) => `\\fI${value.toUpperCase()}\\fR`)
    .replace(/\[(\w+)\]/g, (_, value: string) => `[\\fI${value.toUpperCase()}\\fR]`);
  return ['.TP', shown.replace(/(\\-(?:\\-)?[\w]+(?:\\-\w+)*)/g, '\\fB$1\\fR'), `${line(description)}.`];
}

function variable(name: string, description: string): string[] {
  return ['.TP', `.B ${literal(name)}`, line(description)];
}

function paragraphs(text: string): string[] {
  const [first = '', ...more] = text.split('\n');
  return [`${first.slice(0, 1).toUpperCase()}${first.slice(1)}`, ...more].map(line);
}

/** Escapes a line of text: a dot or a quote at its start would be a request. */
function line(text: string): string {
  return literal(text).replace(/^(\s*)([.'])/, '$1\\&$2');
}

function literal(text: string): string {
  return text.replaceAll('\\', '\\e').replaceAll('-', '\\-').replaceAll('…', '...');
}
