import type { Running } from '../../api/types.ts';
import { withProgram } from '../../trace/program.ts';
import { withEarlyFile } from './early-file.ts';

/** File for the times of a start. */
export interface TraceFile {
  /** Writes the times of the start, and the command's own steps before its call. */
  write(running: Running): Promise<void>;
}

/** Runs `use` with the file of `--trace`. */
export async function withTrace<Result>(
  file: string | undefined,
  use: (trace: TraceFile | undefined) => Promise<Result>,
): Promise<Result> {
  const asked = now();
  return withEarlyFile(file, 'kept', (write) =>
    use(write && { write: (running) => write(`${JSON.stringify(traceOf(running, asked))}\n`) }),
  );
}

function traceOf(running: Running, asked: number): unknown {
  const began = now() - performance.now() * 1000;
  return withProgram(running.trace(), began, [
    { name: 'node', reason: 'until it runs a program', end: began + performance.nodeTiming.bootstrapComplete * 1000 },
    { name: 'load', reason: 'the command, and what it is asked for', end: asked },
    { name: 'open', reason: 'the store', end: Number.POSITIVE_INFINITY },
  ]);
}

/** Time of CLOCK_MONOTONIC in microseconds. */
function now(): number {
  return Number(process.hrtime.bigint()) / 1000;
}
