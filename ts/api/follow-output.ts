import type { OutputStream } from '../supervise/output-stream.ts';
import type { StdioStreams } from '../supervise/streams.ts';
import type { MadeOutputs, OutputForm } from './output-form.ts';
import { OutputParts } from './output-parts.ts';
import { PartList } from './part-list.ts';

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
 * The outputs of an application that are followed while it writes them. A listener that takes long, or whose promise
 * does, delays the reading, and so the application: no more than a pipe and a stream hold is read ahead.
 */
export class FollowedOutputs {
  readonly #options: FollowOptions;
  readonly #followed: readonly Followed[];
  readonly #both: PartList | null;
  /** Resolves when nothing is waited for any more. */
  readonly #givenUp: Promise<void>;
  #giveUp: () => void = () => {};
  /** Resolves at the end of both outputs, when their listeners have taken them. */
  readonly ended: Promise<void>;
  #overflow: number | null = null;
  #cut = false;
  #failed = false;

  constructor({ stdout, stderr }: Pick<StdioStreams, 'stdout' | 'stderr'>, options: FollowOptions) {
    this.#options = options;
    const { form, limit } = options;
    this.#givenUp = new Promise((resolve) => {
      this.#giveUp = resolve;
    });
    const both = form.all ? new PartList(form) : null;
    this.#both = both;
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

  /** True if all that was written is read, and a listener may wait. */
  get complete(): boolean {
    return this.#followed.every(({ stream }) => stream === null || stream.destroyed || stream.complete);
  }

  /** What came so far. */
  get outputs(): MadeOutputs {
    const [stdout = '', stderr = ''] = this.#followed.map(({ part }) => part.output);
    return { stdout, stderr, ...(this.#both === null ? {} : { all: this.#both.output }) };
  }

  /**
   * Ends what has not come to its end, with what was read: another process may hold an output open, and a listener may
   * have no end.
   */
  giveUp(): void {
    for (const { part, stream } of this.#followed) {
      if (stream !== null && !stream.destroyed) {
        this.#cut = true;
        // Each chunk is an event. Nobody waits for a listener any more.
        do if (part.heard !== null) part.mute();
        while (stream.read() !== null);
        stream.destroy();
      }
      if (part.heard !== null) part.mute();
    }
    this.#giveUp();
  }

  #follow({ part, stream }: Followed, index: number): Promise<void> {
    if (stream === null) return Promise.resolve();
    stream.on('data', (chunk: Buffer) =>
      this.#guard(() => {
        if (!part.add(chunk)) return this.#overflown(stream, index);
        if (part.heard !== null) this.#pause(stream, part.heard);
      }),
    );
    stream.on('error', this.#fail);
    return new Promise((resolve) => {
      stream.on('close', () => this.#end(part).then(resolve, resolve));
    });
  }

  /** Reads no more until the listener is ready. */
  #pause(stream: OutputStream, heard: Promise<void>): void {
    stream.pause();
    heard.then(() => stream.resume(), this.#fail);
  }

  async #end(part: OutputParts): Promise<void> {
    try {
      await Promise.race([part.heard, this.#givenUp]);
      if (this.#failed) return;
      part.end();
      await Promise.race([part.heard, this.#givenUp]);
    } catch (error) {
      this.#fail(error);
    }
  }

  #overflown(stream: OutputStream, index: number): void {
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
    for (const { part } of this.#followed) part.mute();
    this.giveUp();
    this.#options.onError(error);
  };
}

interface Followed {
  readonly part: OutputParts;
  readonly stream: OutputStream | null;
}
