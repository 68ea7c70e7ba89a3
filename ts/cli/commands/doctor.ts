import { RequestError } from '../../errors/index.ts';
import { isolationOf } from '../../native/isolation.ts';
import { type CommandModule, flag, text } from '../command.ts';
import { type Check, runChecks } from '../doctor/checks.ts';
import { gatherFacts } from '../doctor/facts.ts';
import { fixMachine } from '../doctor/fix-machine.ts';
import { type Paint, paintFor } from '../output/colors.ts';
import { toJson } from '../output/json.ts';
import { onlyFormat } from '../output/list.ts';

export const command: CommandModule = {
  notes: 'Status 1 when something is missing that every container needs.',
  define(command) {
    command
      .usage('[--format FORMAT | --fix]')
      .option('--format <format>', 'text (the default) or json')
      .option('--fix', 'As root: install orlop-launcher, and the profiles of AppArmor for it and for containers');
  },
  async run({ io, values, root }) {
    const format = onlyFormat(text(values, 'format'), ['text', 'json']);
    if (flag(values, 'fix')) {
      if (format === 'json') throw new RequestError('ORLOP_E_USAGE', '--fix prints text only: leave --format out');
      return fixMachine(io);
    }
    const facts = await gatherFacts({ env: io.env, cwd: io.cwd, root, loadAddon: io.loadAddon });
    const checks = runChecks(facts);
    const paint = paintFor(io, 1);
    const isolation = 'error' in facts.addon ? null : isolationOf(facts.addon.rights, facts);
    const texts = checks.map((check) => line(check, paint));
    io.stdout.write(format === 'json' ? toJson({ checks, isolation }) : texts.join(''));
    return checks.some(({ status }) => status === 'fail') ? 1 : 0;
  },
};

function line({ name, status, detail, hint }: Check, paint: Paint): string {
  const color = ({ ok: 'green', warn: 'yellow', fail: 'red' } as const)[status];
  const more = hint === undefined ? '' : `${' '.repeat(6)}${' '.repeat(14)}hint: ${hint}\n`;
  return `${paint(color, status.padEnd(5))} ${name.padEnd(13)} ${detail}\n${more}`;
}
