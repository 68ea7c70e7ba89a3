/** JSON for people and scripts: indented by four as Docker's, bigints as numbers, bytes as their count. */
export function toJson(value: unknown): string {
  return `${JSON.stringify(value, replace, 4)}\n`;
}

function replace(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : value.toString();
  if (value instanceof Uint8Array) return { bytes: value.length };
  return value;
}
