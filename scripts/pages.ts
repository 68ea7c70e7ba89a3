// Writes the manual pages and the completion scripts of the command tree into dist/, so that they cannot differ from
// --help. usage: node --import=tsx scripts/pages.ts
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { commands } from '../ts/cli/commands.ts';
import { completionScripts } from '../ts/cli/completion/scripts.ts';
import { commandPage, mainPage, pageName } from '../ts/cli/pages/roff.ts';
import { defineCommand } from '../ts/cli/parse/define.ts';

const { version } = JSON.parse(readFileSync('package.json', 'utf8'));

mkdirSync('dist/man', { recursive: true });
writeFileSync('dist/man/orlop.1', mainPage(commands, version));
for (const entry of commands) {
  const { command, module } = await defineCommand(entry);
  writeFileSync(`dist/man/${pageName(entry.name)}.1`, commandPage(entry, command, module, version));
}

mkdirSync('dist/completions', { recursive: true });
// File names that each shell looks for.
const files = { bash: 'orlop', fish: 'orlop.fish', zsh: '_orlop' } as const;
for (const shell of ['bash', 'fish', 'zsh'] as const) {
  mkdirSync(`dist/completions/${shell}`, { recursive: true });
  writeFileSync(`dist/completions/${shell}/${files[shell]}`, completionScripts[shell]);
}
