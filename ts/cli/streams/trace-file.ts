import { constants } from 'node:fs';
import { type FileHandle, lstat, open, unlink } from 'node:fs/promises';
import type { Running } from '../../api/types.ts';
import { withProgram } from '../../trace/program.ts';

/** The file for the times of a start, opened before anything is made. */
export interface TraceFile {
  /** Writes them, and what the command did before its call. */
  write(running: Running): Promise<void>;
}

/** Runs `use` with the file that `--trace` names. One that was not there goes again where there was no start to trace. */
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
  // What is in it goes when there is something else to write.
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

/** Microseconds of CLOCK_MONOTONIC. */
function now(): number {
  return Number(process.hrtime.bigint()) / 1000;
}
