import { planToJson } from '../../plan/describe.ts';
import { type CommandModule, text } from '../command.ts';
import { toJson } from '../output/json.ts';
import { onlyFormat } from '../output/list.ts';
import { laterRunOptions } from '../parse/later-options.ts';
import { addRunArguments, runArguments, runNotes, runOptions } from '../parse/run-options.ts';

export const command: CommandModule = {
  passThrough: true,
  makesStore: true,
  later: laterRunOptions,
  options: [
    ...runOptions,
    { flags: '--format <format>', text: 'text (the default) or json: with all fields, for programs' },
  ],
  notes: `${runNotes}\nNothing is made, and nothing is run.`,
  examples: ['orlop plan -v data:/test host true'],
  define: addRunArguments,
  async run(invocation) {
    const { io, values } = invocation;
    const format = onlyFormat(text(values, 'format'), ['text', 'json']);
    const request = await runArguments(invocation);
    const { plan, limits, devices, text: description } = await invocation.with((orlop) => orlop.planRequested(request));
    io.stdout.write(format === 'json' ? toJson(planToJson(plan, limits, devices)) : `${description.trimEnd()}\n`);
    return 0;
  },
};
