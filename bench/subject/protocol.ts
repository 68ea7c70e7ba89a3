import type { CommandName, ContestantName } from '../contestants/all.ts';
import type { Container, Work } from '../contestants/contestant.ts';
import type { Ground } from '../ground/ground.ts';
import type { Sample } from '../measure/watch.ts';

/** What a subject is asked, and what it answers; over the IPC channel, one question at a time. */
export interface Questions {
  /** Which ground to work on. */
  readonly ground: { readonly ask: Ground; readonly answer: null };
  /** Hold memory until the process has this many megabytes. */
  readonly hold: { readonly ask: number; readonly answer: number };
  readonly open: {
    readonly ask: { readonly contestant: ContestantName; readonly container: Container };
    /** A handle, or why the contestant is missing. */
    readonly answer: { readonly handle: number } | { readonly missing: string };
  };
  readonly command: {
    readonly ask: { readonly contestant: CommandName; readonly container: Container };
    /** The command, which has worked once, or why the contestant is missing. */
    readonly answer: { readonly argv: readonly string[] } | { readonly missing: string };
  };
  readonly start: { readonly ask: number; readonly answer: Sample };
  readonly throughput: {
    readonly ask: { readonly handle: number; readonly parallel: number; readonly ms: number };
    readonly answer: Work;
  };
  readonly burst: { readonly ask: { readonly handle: number; readonly count: number }; readonly answer: Work };
  readonly close: { readonly ask: null; readonly answer: null };
}

export type QuestionName = keyof Questions;

export type Asked = {
  [Name in QuestionName]: { readonly name: Name; readonly value: Questions[Name]['ask'] };
}[QuestionName];

export type Answered = { readonly answer: unknown } | { readonly error: string };
