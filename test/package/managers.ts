import type { Tool } from './tools.ts';

/** A package manager, and what a person types to install the tarball and then to run `orlop`. */
export interface Manager {
  readonly tool: Tool;
  readonly node: Tool;
  /** Arguments that install a tarball, offline. */
  readonly install: (tarball: string) => readonly string[];
  /** Arguments that run the command. Or its file: npm's; that of pnpm 10 is a script that needs sed, dirname and uname. */
  readonly orlop: readonly string[] | '.bin/orlop' | 'orlop/dist/cli/orlop.cjs';
  readonly env?: Readonly<Record<string, string>>;
}

const npm = (tarball: string): readonly string[] => [
  ...['install', '--no-audit', '--no-fund', '--ignore-scripts', '--offline'],
  tarball,
];
const pnpm = (tarball: string): readonly string[] => ['add', '--ignore-scripts', '--offline', tarball];
/** What this manager would run by itself, it may run: there is nothing. */
const pnpmWithScripts = (tarball: string): readonly string[] => ['add', '--offline', tarball];
const yarn4 = (tarball: string): readonly string[] => ['add', `orlop@file:${tarball}`];
const yarn4Env = { YARN_ENABLE_NETWORK: '0', YARN_ENABLE_SCRIPTS: '1', YARN_ENABLE_TELEMETRY: '0' };

export const npmOfNode20: Manager = { tool: 'npm11', node: 'node20', install: npm, orlop: '.bin/orlop' };

export const managers: Readonly<Record<string, Manager>> = {
  'npm 11 under Node 20': npmOfNode20,
  'npm 12 under Node 24': { tool: 'npm12', node: 'node24', install: npm, orlop: '.bin/orlop' },
  'pnpm 10 under Node 22': {
    tool: 'pnpm10',
    node: 'node22',
    install: pnpmWithScripts,
    orlop: 'orlop/dist/cli/orlop.cjs',
  },
  'pnpm 11 under Node 22': { tool: 'pnpm11', node: 'node22', install: pnpm, orlop: ['exec', 'orlop'] },
  'pnpm 12 with Node 26': { tool: 'pnpm12', node: 'node26', install: pnpmWithScripts, orlop: ['exec', 'orlop'] },
  'Yarn 1 under Node 20, which runs install scripts': {
    tool: 'yarn1',
    node: 'node20',
    install: (tarball) => ['add', '--offline', '--no-progress', tarball],
    orlop: ['--silent', 'orlop'],
  },
  "Yarn 4 with Plug'n'Play and install scripts under Node 24": {
    tool: 'yarn4',
    node: 'node24',
    install: yarn4,
    orlop: ['orlop'],
    env: yarn4Env,
  },
  'Yarn 4 with node_modules and install scripts under Node 22': {
    tool: 'yarn4',
    node: 'node22',
    install: yarn4,
    orlop: ['orlop'],
    env: { ...yarn4Env, YARN_NODE_LINKER: 'node-modules' },
  },
};
