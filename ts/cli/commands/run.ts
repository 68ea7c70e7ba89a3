import { type CommandModule, text } from '../command.ts';
import { laterRunOptions } from '../parse/later-options.ts';
import { addRunArguments, runArguments, runNotes, runOptions } from '../parse/run-options.ts';
import { withContainerFile } from '../streams/container-file.ts';
import { withEarlyFile } from '../streams/early-file.ts';
import { runInForeground, signalNotes } from '../streams/foreground.ts';
import { notifyOfLacking } from '../streams/lacking.ts';
import { withTrace } from '../streams/trace-file.ts';

const examples = [
  "orlop run --rm -v /test host sh -c 'echo hi > /test/f'",
  'orlop run --rm -v data:/data -v ./a.conf:/etc/a.conf:ro -w /data host ls',
];

export const command: CommandModule = {
  passThrough: true,
  makesStore: true,
  later: laterRunOptions,
  options: [
    ...runOptions,
    { flags: '--trace <file>', text: "Write the time of each step of the start, for 'orlop trace' and Perfetto" },
    { flags: '--report <file>', text: 'Write how the application ended, and what it used, as JSON' },
  ],
  notes: `${runNotes}\n${signalNotes}`,
  examples,
  define: addRunArguments,
  async run(invocation) {
    const { io, values } = invocation;
    const request = await runArguments(invocation);
    return withTrace(text(values, 'trace'), (trace) =>
      // The report of an earlier command is not one of this.
      withEarlyFile(text(values, 'report'), 'emptied', (report) =>
        withContainerFile(invocation, (told) =>
          invocation.with(async (orlop) => {
            const container = await told(await orlop.createRequested(request, { durable: !request.rm, starts: true }));
            await notifyOfLacking(io, container, request);
            return runInForeground(io, container, {
              interactive: request.interactive,
              isPid1: request.pid !== 'host',
              trace,
              report,
              // Remove a container whose application never ran. With --rm it is already removed.
              refused: () => container.remove({ force: true, volumes: true }).catch(() => {}),
            });
          }),
        ),
      ),
    );
  },
};
