import type { LimitOptions, RunOptions } from '../../request/types.ts';
import type { BufferRunInput, LinesRunInput, RunInput } from './starts.ts';

/** Limits of a sandbox: those of `LimitOptions`, where null leaves one out that has a default. */
export type SandboxLimits = { readonly [Name in keyof LimitOptions]: LimitOptions[Name] | null };

/**
 * Options of `sandbox`: those of `run`, with other defaults. An option replaces its default, but for `capDrop` and
 * `ulimits`, which add to it, and `limits`, which are merged one by one.
 *
 * | | Default |
 * | --- | --- |
 * | `readOnly` | true |
 * | `tmpfs` | `/tmp`, of 64 MiB and 16,384 files, whose files can be executed |
 * | `workdir` | `/tmp` |
 * | `user` | `1000:1000`; `0:0` where the caller has one ID, who is that root |
 * | `capDrop` | `ALL`; `capAdd` gives some back |
 * | `ulimits` | `sigpending=1024`, `msgqueue=131072`, to which yours are added |
 * | `network` | `none` |
 * | `userns` | `auto` for root; the containers of an ordinary user are in a user namespace anyway |
 * | `timeout` | 10,000 ms, or `limits.wallTime`; 0 is none |
 * | `maxBuffer` | 1 MiB of each output, or `limits.output` |
 *
 * @example
 * const options = { input: 'echo $((6 * 7)); touch /x', limits: { memory: '64m' }, timeout: 2000 };
 * const { stdout, stderr } = await orlop.sandbox('busybox', ['sh'], options);
 * console.log(stdout.trim(), stderr.includes('Read-only file system')); // → 42 true
 */
export interface SandboxOptions<All extends boolean = false>
  extends Omit<RunOptions, 'limits'>,
    Omit<RunInput<true, All>, 'reject'> {
  /**
   * Bounds on what the container takes from the machine; default: 256 MiB of memory, no swap space, one processor, 64
   * processes. Null for none of these, and null for one of them: `{ cpus: null }`. One that the machine cannot hold is
   * refused (ORLOP_E_LIMIT).
   */
  readonly limits?: SandboxLimits | null | undefined;
}

/** Options of `sandbox` for outputs as bytes. */
export interface BufferSandboxOptions<All extends boolean = false>
  extends Omit<SandboxOptions<All>, 'encoding' | 'onStdout' | 'onStderr'>,
    Pick<BufferRunInput, 'encoding' | 'onStdout' | 'onStderr'> {}

/** Options of `sandbox` for outputs as lines. */
export interface LinesSandboxOptions<All extends boolean = false>
  extends Omit<SandboxOptions<All>, 'lines'>,
    Pick<LinesRunInput, 'lines'> {}
