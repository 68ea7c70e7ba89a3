import type { Spread } from '../measure/statistics.ts';

/** Three significant digits, never in the form 1e+3. Pure. */
export function formatNumber(value: number): string {
  const magnitude = Math.abs(value);
  if (magnitude >= 100) return value.toFixed(0);
  if (magnitude >= 10) return value.toFixed(1);
  return value.toFixed(2);
}

/** `1.04 × (1.02–1.07)`: the median of the repetitions, the lowest and the highest; of one repetition, that. Pure. */
export function formatSpread({ median, lowest, highest, repetitions }: Spread, unit = ''): string {
  const value = unit === '' ? formatNumber(median) : `${formatNumber(median)} ${unit}`;
  if (repetitions === 1) return value;
  return `${value} (${formatNumber(lowest)}${lowest < 0 ? ' to ' : '–'}${formatNumber(highest)})`;
}
