import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Machine } from '../ground/machine.ts';
import type { Load } from '../measure/load.ts';
import type { Measured } from '../measure/measure.ts';

export interface Case {
  readonly id: string;
  readonly title: string;
}

export interface Column {
  readonly metric: string;
  readonly title: string;
  readonly unit: 'ms' | '/s' | 'MB';
}

/** A contestant that could not take part, and why. */
export interface Missing {
  readonly case: string;
  readonly contestant: string;
  readonly label: string;
  readonly missing: string;
}

export type Row = Measured | Missing;

/** What one repetition of a run answered to a question. */
export interface Repetition {
  /** ISO 8601. */
  readonly taken: string;
  readonly seconds: number;
  readonly load: Load;
  readonly rows: readonly Row[];
}

/** What a run answered to a question; this is the form of `bench/results/<question>.json`. */
export interface Result {
  readonly version: 2;
  readonly question: string;
  readonly title: string;
  /** Of orlop: version, and the commit that was measured. */
  readonly orlop: string;
  readonly machine: Machine;
  /** Of each repetition. */
  readonly rounds: number;
  readonly cases: readonly Case[];
  readonly columns: readonly Column[];
  readonly reference: string | null;
  /** At least one. */
  readonly repetitions: readonly Repetition[];
}

/** Results by question; those that were not taken are not there. */
export type Results = ReadonlyMap<string, Result>;

export function isMissing(row: Row): row is Missing {
  return 'missing' in row;
}

function fileOf(directory: string, question: string): string {
  return join(directory, `${question}.json`);
}

export function writeResult(directory: string, result: Result): void {
  mkdirSync(directory, { recursive: true });
  writeFileSync(fileOf(directory, result.question), `${JSON.stringify(result, null, 1)}\n`);
}

export function readResults(directory: string, questions: readonly string[]): Results {
  const there = questions.filter((question) => existsSync(fileOf(directory, question)));
  return new Map(
    there.map((question) => {
      const result: Result = JSON.parse(readFileSync(fileOf(directory, question), 'utf8'));
      if (result.version !== 2) throw new Error(`${fileOf(directory, question)} has an unknown version`);
      return [question, result];
    }),
  );
}
