/** JSON indented by four, as in Docker. */
export function toJson(value: unknown): string {
  return `${JSON.stringify(value, null, 4)}\n`;
}
