import type { Invocation } from '../command.ts';
import { text } from '../command.ts';
import { compileTemplate } from '../template/render.ts';
import { toJson } from './json.ts';
import { report } from './report.ts';

/** Prints the object of each name, as one JSON list or by a template. Status 1 if one is missing. */
export async function printInspected(
  { io, args, values }: Invocation,
  look: (name: string) => Promise<unknown>,
): Promise<number> {
  const format = text(values, 'format');
  const template = format === undefined || format === 'json' ? undefined : compileTemplate(format);
  const found: unknown[] = [];
  const errors: unknown[] = [];
  for (const name of args) {
    try {
      found.push(await look(name));
    } catch (error) {
      errors.push(error);
    }
  }
  if (template !== undefined) for (const one of found) io.stdout.write(`${template(one)}\n`);
  else io.stdout.write(format === 'json' ? `${JSON.stringify(found)}\n` : toJson(found));
  for (const error of errors) report(io, error);
  return errors.length > 0 ? 1 : 0;
}
