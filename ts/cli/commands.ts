import type { CommandModule } from './command.ts';

export interface CommandEntry {
  readonly name: string;
  readonly summary: string;
  readonly group: 'Containers' | 'Images' | 'Volumes' | 'orlop';
  load(): Promise<{ readonly command: CommandModule }>;
}

/** All commands. A module is loaded when its command is called, to keep starts fast. */
export const commands: readonly CommandEntry[] = [
  {
    name: 'run',
    summary: 'Run a command in a new container',
    group: 'Containers',
    load: () => import('./commands/run.ts'),
  },
  {
    name: 'create',
    summary: 'Make a container without starting it',
    group: 'Containers',
    load: () => import('./commands/create.ts'),
  },
  {
    name: 'start',
    summary: 'Start a created or ended container',
    group: 'Containers',
    load: () => import('./commands/start.ts'),
  },
  {
    name: 'exec',
    summary: 'Execute a command in a running container',
    group: 'Containers',
    load: () => import('./commands/exec.ts'),
  },
  {
    name: 'stop',
    summary: 'Ask containers to end, then kill them',
    group: 'Containers',
    load: () => import('./commands/stop.ts'),
  },
  {
    name: 'kill',
    summary: 'Send a signal to containers',
    group: 'Containers',
    load: () => import('./commands/kill.ts'),
  },
  {
    name: 'wait',
    summary: 'Wait for the end of containers, and print their exit codes',
    group: 'Containers',
    load: () => import('./commands/wait.ts'),
  },
  {
    name: 'top',
    summary: 'Show the processes of a container',
    group: 'Containers',
    load: () => import('./commands/top.ts'),
  },
  {
    name: 'rename',
    summary: 'Give a container another name',
    group: 'Containers',
    load: () => import('./commands/rename.ts'),
  },
  { name: 'ps', summary: 'List containers', group: 'Containers', load: () => import('./commands/ps.ts') },
  { name: 'rm', summary: 'Remove containers', group: 'Containers', load: () => import('./commands/rm.ts') },
  {
    name: 'container prune',
    summary: 'Remove all containers that do not run',
    group: 'Containers',
    load: () => import('./commands/container-prune.ts'),
  },
  {
    name: 'diff',
    summary: 'Show what a container changed in its root filesystem',
    group: 'Containers',
    load: () => import('./commands/diff.ts'),
  },
  {
    name: 'export',
    summary: 'Write the root filesystem of a container as a tar archive',
    group: 'Containers',
    load: () => import('./commands/export.ts'),
  },
  {
    name: 'commit',
    summary: 'Make an image of what a container changed',
    group: 'Containers',
    load: () => import('./commands/commit.ts'),
  },
  {
    name: 'plan',
    summary: 'Show the operations of a run, without doing them',
    group: 'Containers',
    load: () => import('./commands/plan.ts'),
  },
  {
    name: 'trace',
    summary: 'Show where the time of a start went, step by step',
    group: 'Containers',
    load: () => import('./commands/trace.ts'),
  },
  { name: 'images', summary: 'List images', group: 'Images', load: () => import('./commands/images.ts') },
  {
    name: 'import',
    summary: 'Make an image of a root filesystem in a tar archive',
    group: 'Images',
    load: () => import('./commands/import.ts'),
  },
  { name: 'rmi', summary: 'Remove images', group: 'Images', load: () => import('./commands/rmi.ts') },
  { name: 'tag', summary: 'Give an image another name', group: 'Images', load: () => import('./commands/tag.ts') },
  { name: 'save', summary: 'Write images to an archive', group: 'Images', load: () => import('./commands/save.ts') },
  { name: 'load', summary: 'Read images from an archive', group: 'Images', load: () => import('./commands/load.ts') },
  {
    name: 'volume create',
    summary: 'Make a volume',
    group: 'Volumes',
    load: () => import('./commands/volume-create.ts'),
  },
  { name: 'volume ls', summary: 'List volumes', group: 'Volumes', load: () => import('./commands/volume-ls.ts') },
  {
    name: 'volume inspect',
    summary: 'Show volumes as JSON',
    group: 'Volumes',
    load: () => import('./commands/volume-inspect.ts'),
  },
  { name: 'volume rm', summary: 'Remove volumes', group: 'Volumes', load: () => import('./commands/volume-rm.ts') },
  {
    name: 'volume prune',
    summary: 'Remove volumes that no container uses',
    group: 'Volumes',
    load: () => import('./commands/volume-prune.ts'),
  },
  {
    name: 'inspect',
    summary: 'Show containers, images or volumes as JSON',
    group: 'orlop',
    load: () => import('./commands/inspect.ts'),
  },
  {
    name: 'doctor',
    summary: 'Check what this machine lacks, and how to get it',
    group: 'orlop',
    load: () => import('./commands/doctor.ts'),
  },
  {
    name: 'completion',
    summary: 'Print the completion script of a shell',
    group: 'orlop',
    load: () => import('./commands/completion.ts'),
  },
  { name: 'version', summary: 'Show versions', group: 'orlop', load: () => import('./commands/version.ts') },
];

/** Docker's longer names, mapped to the commands of orlop. */
export const synonyms: Readonly<Record<string, readonly string[]>> = {
  'container commit': ['commit'],
  'container create': ['create'],
  'container diff': ['diff'],
  'container exec': ['exec'],
  'container export': ['export'],
  'container inspect': ['inspect', '--type', 'container'],
  'container list': ['ps'],
  'container kill': ['kill'],
  'container ls': ['ps'],
  'container ps': ['ps'],
  'container remove': ['rm'],
  'container rename': ['rename'],
  'container rm': ['rm'],
  'container run': ['run'],
  'container start': ['start'],
  'container stop': ['stop'],
  'container top': ['top'],
  'container wait': ['wait'],
  'image import': ['import'],
  'image inspect': ['inspect', '--type', 'image'],
  'image list': ['images'],
  'image load': ['load'],
  'image ls': ['images'],
  'image remove': ['rmi'],
  'image rm': ['rmi'],
  'image save': ['save'],
  'image tag': ['tag'],
  'volume list': ['volume', 'ls'],
  'volume remove': ['volume', 'rm'],
};
