import { TemplateError } from './error.ts';

/** A part of a template: text between actions, or the tokens of one action. */
export type Part = { readonly text: string } | { readonly tokens: readonly Token[] };

export type Token =
  | { readonly kind: 'literal'; readonly value: string | number | boolean | null }
  | { readonly kind: 'variable' | 'word' | 'sign'; readonly text: string }
  /** `chained`: no blank before it, so that it is a field of the operand before it and not another operand. */
  | { readonly kind: 'field'; readonly text: string; readonly chained: boolean };

/** `{{`, optional trim marker, body, optional trim marker, `}}`. Strings may contain `}}`. */
const action = /\{\{(-(?=\s))?((?:"(?:[^"\\]|\\.)*"|`[^`]*`|[^"`])*?)((?<=\s)-)?\}\}/gs;
const token =
  /\s*(?:("(?:[^"\\]|\\.)*")|(`[^`]*`)|(-?\d+(?:\.\d+)?)|(\$\w*)|(\.[A-Za-z_]\w*|\.)|([A-Za-z_]\w*)|(:=|[()|,=]))/gsy;

export function lex(template: string): readonly Part[] {
  const parts: Part[] = [];
  let end = 0;
  let trimNext = false;
  const push = (text: string, trimEnd: boolean): void => {
    const left = trimNext ? text.trimStart() : text;
    const kept = trimEnd ? left.trimEnd() : left;
    if (kept !== '') parts.push({ text: kept });
  };
  for (const match of template.matchAll(action)) {
    push(template.slice(end, match.index), match[1] !== undefined);
    const body = match[2] ?? '';
    if (!/^\s*\/\*.*\*\/\s*$/s.test(body)) parts.push({ tokens: tokens(body) });
    trimNext = match[3] !== undefined;
    end = match.index + match[0].length;
  }
  const rest = template.slice(end);
  if (rest.includes('{{')) throw new TemplateError(`an action is not closed: '${rest.slice(rest.indexOf('{{'))}'`);
  push(rest, false);
  return parts;
}

function tokens(body: string): readonly Token[] {
  const result: Token[] = [];
  const text = body.trimEnd();
  token.lastIndex = 0;
  while (token.lastIndex < text.length) {
    const start = token.lastIndex;
    const match = token.exec(text);
    if (match === null) throw new TemplateError(`unexpected '${text.slice(start).trim()}'`);
    result.push(toToken(match, match[0].startsWith('.')));
  }
  return result;
}

function toToken([, quoted, raw, number, variable, field, word, sign]: RegExpExecArray, chained: boolean): Token {
  if (quoted !== undefined) return { kind: 'literal', value: unquote(quoted) };
  if (raw !== undefined) return { kind: 'literal', value: raw.slice(1, -1) };
  if (number !== undefined) return { kind: 'literal', value: Number(number) };
  if (variable !== undefined) return { kind: 'variable', text: variable };
  if (field !== undefined) return { kind: 'field', text: field.slice(1), chained };
  if (word === 'true' || word === 'false') return { kind: 'literal', value: word === 'true' };
  if (word === 'nil') return { kind: 'literal', value: null };
  if (word !== undefined) return { kind: 'word', text: word };
  return { kind: 'sign', text: sign ?? '' };
}

function unquote(quoted: string): string {
  try {
    return JSON.parse(quoted);
  } catch {
    throw new TemplateError(`not a string: ${quoted}`);
  }
}
