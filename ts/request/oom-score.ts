import { RequestError } from '../errors/index.ts';
import { quote } from './text.ts';

/**
 * Parses an addition to the score of the OOM killer, proc_pid_oom_score_adj(5). Null for 0, which scripts write as
 * Docker's default: that of the program.
 *
 * @throws {RequestError} ORLOP_E_INPUT
 */
export function parseOomScoreAdj(given: number | string): number | null {
  const score = typeof given === 'string' && !/^[+-]?\d+$/.test(given) ? Number.NaN : Number(given);
  if (!Number.isInteger(score) || Math.abs(score) > 1000) {
    throw new RequestError(
      'ORLOP_E_INPUT',
      `the OOM score ${quote(String(given))} is no whole number from -1000 to 1000`,
      {
        hint: '1000 is killed first when memory runs out, -1000 never',
      },
    );
  }
  return score === 0 ? null : score;
}
