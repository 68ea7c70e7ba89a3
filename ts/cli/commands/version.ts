import { release } from 'node:os';
import { type CommandModule, flag, text } from '../command.ts';
import { toJson } from '../output/json.ts';
import { packageVersion } from '../output/version.ts';
import { compileTemplate } from '../template/render.ts';

export const command: CommandModule = {
  define(command) {
    command
      .usage('[-f FORMAT]')
      .option('-f, --format <format>', 'json, or a Go template: {{.Version}}')
      .option('--short', 'Print one line');
  },
  async run({ io, values }) {
    const facts = {
      Version: packageVersion(),
      Node: process.version,
      NodeApi: process.versions.napi,
      Kernel: release(),
      Arch: process.arch,
    };
    const format = text(values, 'format');
    if (flag(values, 'short')) io.stdout.write(`orlop version ${facts.Version}\n`);
    else if (format === 'json') io.stdout.write(toJson(facts));
    else if (format !== undefined) io.stdout.write(`${compileTemplate(format)(facts)}\n`);
    else {
      for (const [name, value] of Object.entries(facts)) io.stdout.write(`${`${name}:`.padEnd(10)} ${value}\n`);
    }
    return 0;
  },
};
