/** JSON for people and scripts: indented by four as Docker's. */
export function toJson(value: unknown): string {
  return `${JSON.stringify(value, null, 4)}\n`;
}
