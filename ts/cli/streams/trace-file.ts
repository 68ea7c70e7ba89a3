import { constants } from 'node:fs';
import { type FileHandle, lstat, open, unlink } from 'node:fs/promises';
import type { Running } from '../../api/types.ts';
import { withProgram } from '../../trace/program.ts';

/** File for the times of a start, opened before anything is made. */
export interface TraceFile {
  /** Writes the times of the start, and the command's own steps before its call. */
  write(running: Running): Promise<void>;
}

/** Runs `use` with the file of `--trace`. Removes a file that it created if there was no start. */
export async function withTrace<Result>(
  file: string | undefined,
  use: (trace: TraceFile | undefined) => Promise<Result>,
): Promise<Result> {
  if (file === undefined) return use(undefined);
  const asked = now();
  const existed = await lstat(file).then(
    () => true,
    () => false,
  );
  // Not truncated until there is a trace to write.
  const handle = await open(file, constants.O_WRONLY | constants.O_CREAT, 0o666);
  let used = existed;
  try {
    return await use({
      write: async (running) => {
        used = true;
        await write(handle, running, asked);
      },
    });
  } finally {
    await handle.close();
    if (!used) await unlink(file).catch(() => {});
  }
}

async function write(handle: FileHandle, running: Running, asked: number): Promise<void> {
  const began = now() - performance.now() * 1000;
  const trace = withProgram(running.trace(), began, [
    { name: 'node', reason: 'until it runs a program', end: began + performance.nodeTiming.bootstrapComplete * 1000 },
    { name: 'load', reason: 'the command, and what it is asked for', end: asked },
    { name: 'open', reason: 'the store', end: Number.POSITIVE_INFINITY },
  ]);
  if ((await handle.stat()).isFile()) await handle.truncate();
  await handle.writeFile(`${JSON.stringify(trace)}\n`);
}

/** Time of CLOCK_MONOTONIC in microseconds. */
function now(): number {
  return Number(process.hrtime.bigint()) / 1000;
}
