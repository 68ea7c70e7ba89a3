import type { Readable } from 'node:stream';
import type { StdioStreams } from '../supervise/streams.ts';
import type { MadeOutputs, OutputForm } from './output-form.ts';
import { joinParts, OutputParts } from './output-parts.ts';

export interface FollowOptions {
  readonly form: OutputForm;
  /** The most bytes of each output. */
  readonly limit: number;
  /** Called at the first output above the limit. */
  readonly onOverflow: () => void;
  /** Called at the first error of a listener or of a stream. Nothing is read after it. */
  readonly onError: (error: unknown) => void;
}

/**
 * The outputs of an application that are followed while it writes them. A listener that takes long delays the reading,
 * and so the application: no more than a pipe and a stream hold is read ahead.
 */
export class FollowedOutputs {
  readonly #options: FollowOptions;
  readonly #followed: readonly Followed[];
  readonly #both: (string | Buffer)[] = [];
  /** Resolves at the end of both outputs. */
  readonly ended: Promise<void>;
  #overflow: number | null = null;
  #cut = false;
  #failed = false;

  constructor({ stdout, stderr }: Pick<StdioStreams, 'stdout' | 'stderr'>, options: FollowOptions) {
    this.#options = options;
    const { form, limit } = options;
    const both = form.all ? this.#both : null;
    const parts = ([0, 1] as const).map((index) => new OutputParts(form, index, { limit, both }));
    const streams = [stdout, stderr];
    this.#followed = parts.map((part, index) => ({ part, stream: streams[index] ?? null }));
    this.ended = Promise.all(this.#followed.map((one, index) => this.#follow(one, index))).then(() => {});
  }

  /** Index of the output above the limit; null if there is none. */
  get overflow(): number | null {
    return this.#overflow;
  }

  /** True if an output was not read to its end. */
  get cut(): boolean {
    return this.#cut;
  }

  /** What came so far. */
  get outputs(): MadeOutputs {
    const { form } = this.#options;
    const [stdout = '', stderr = ''] = this.#followed.map(({ part }) => part.output);
    return { stdout, stderr, ...(form.all ? { all: joinParts(this.#both, form) } : {}) };
  }

  /** Ends what has not come to its end: another process may hold an output open. */
  giveUp(): void {
    for (const { stream } of this.#followed) {
      if (stream === null || stream.destroyed) continue;
      this.#cut = true;
      stream.destroy();
    }
  }

  #follow({ part, stream }: Followed, index: number): Promise<void> {
    if (stream === null) return Promise.resolve();
    stream.on('data', (chunk: Buffer) => this.#guard(() => part.add(chunk) || this.#overflown(stream, index)));
    stream.on('error', this.#fail);
    return new Promise((resolve) => {
      stream.on('close', () => {
        if (!this.#failed) this.#guard(() => part.end());
        resolve();
      });
    });
  }

  #overflown(stream: Readable, index: number): void {
    if (this.#overflow === null) {
      this.#overflow = index;
      this.#options.onOverflow();
    }
    stream.destroy();
  }

  #guard(work: () => unknown): void {
    try {
      work();
    } catch (error) {
      this.#fail(error);
    }
  }

  readonly #fail = (error: unknown): void => {
    if (this.#failed) return;
    this.#failed = true;
    this.#cut = true;
    this.giveUp();
    this.#options.onError(error);
  };
}

interface Followed {
  readonly part: OutputParts;
  readonly stream: Readable | null;
}
