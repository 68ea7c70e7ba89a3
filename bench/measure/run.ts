import { type Sample, Watch } from './watch.ts';

/** Times a call that runs the application to its end and collects its output. */
export async function timeRun(
  call: () => Promise<{ readonly stdout: string; readonly exitCode: number | null }>,
): Promise<Sample> {
  const watch = new Watch();
  const running = call();
  watch.returned();
  const { stdout, exitCode } = await running;
  const sample = watch.sample(stdout.trim());
  if (exitCode !== 0) throw new Error(`the application ended with ${exitCode}`);
  return sample;
}
