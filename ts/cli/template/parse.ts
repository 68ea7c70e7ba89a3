import { TemplateError } from './error.ts';
import { lex, type Token } from './lex.ts';

export type Node =
  | { readonly node: 'text'; readonly text: string }
  | { readonly node: 'print'; readonly pipe: Pipe }
  | { readonly node: 'if' | 'with' | 'range'; readonly pipe: Pipe; readonly body: Block; readonly otherwise: Block };

export type Block = readonly Node[];

/** Commands that each get the value of the previous one as last argument. */
export interface Pipe {
  /** `$x :=` or `$x =`; two names for key and value of a range. */
  readonly names: readonly string[];
  readonly declares: boolean;
  readonly commands: readonly (readonly Operand[])[];
}

/** `fields` are looked up in the value, one after the other. */
export type Operand = { readonly fields: readonly string[] } & (
  | { readonly operand: 'literal'; readonly value: string | number | boolean | null }
  | { readonly operand: 'dot' }
  | { readonly operand: 'variable' | 'function'; readonly name: string }
  | { readonly operand: 'pipe'; readonly pipe: Pipe }
);

/**
 * Parses the part of Go's text/template that `--format` needs.
 *
 * @throws {RequestError} ORLOP_E_USAGE, `template parsing error: …`
 */
export function parse(template: string): Block {
  const parts = lex(template);
  let index = 0;

  /** Parses up to the `else` or `end` of the caller's action, and returns its tokens. */
  const block = (open: string | undefined): { nodes: Node[]; end: Tokens | undefined } => {
    const nodes: Node[] = [];
    while (index < parts.length) {
      const part = parts[index++];
      if (part === undefined) break;
      if ('text' in part) {
        nodes.push({ node: 'text', text: part.text });
        continue;
      }
      const tokens = new Tokens(part.tokens);
      const keyword = tokens.keyword();
      if (keyword === 'end' || keyword === 'else') {
        if (open === undefined) throw new TemplateError(`unexpected {{${keyword}}}`);
        return { nodes, end: tokens };
      }
      if (keyword === undefined) nodes.push({ node: 'print', pipe: tokens.lastPipe() });
      else nodes.push(branch(keyword, tokens));
    }
    if (open !== undefined) throw new TemplateError(`{{${open}}} has no {{end}}`);
    return { nodes, end: undefined };
  };

  const branch = (keyword: 'if' | 'with' | 'range', tokens: Tokens): Node => {
    const pipe = tokens.lastPipe();
    const { nodes: body, end } = block(keyword);
    if (end?.word !== 'else') return { node: keyword, pipe, body, otherwise: [] };
    const chained = end.keyword();
    if (chained === 'if' || chained === 'with') return { node: keyword, pipe, body, otherwise: [branch(chained, end)] };
    const { nodes: otherwise, end: last } = block(keyword);
    if (last?.word === 'else') throw new TemplateError('two {{else}}');
    return { node: keyword, pipe, body, otherwise };
  };

  return block(undefined).nodes;
}

const keywords = new Set(['if', 'with', 'range', 'else', 'end']);
type Keyword = 'if' | 'with' | 'range' | 'else' | 'end';

class Tokens {
  readonly #list: readonly Token[];
  #at = 0;
  /** The last keyword. */
  word: Keyword | undefined;

  constructor(list: readonly Token[]) {
    this.#list = list;
  }

  keyword(): Keyword | undefined {
    const token = this.#list[this.#at];
    if (token?.kind !== 'word' || !keywords.has(token.text)) return undefined;
    this.#at++;
    this.word = token.text as Keyword;
    return this.word;
  }

  /** Parses the remaining tokens as one pipe. */
  lastPipe(): Pipe {
    const pipe = this.#pipe();
    if (this.#at < this.#list.length) throw new TemplateError(`unexpected '${show(this.#list[this.#at])}'`);
    return pipe;
  }

  #pipe(): Pipe {
    const { names, declares } = this.#declaration();
    const commands = [this.#command()];
    while (this.#take('|')) commands.push(this.#command());
    return { names, declares, commands };
  }

  #declaration(): { names: readonly string[]; declares: boolean } {
    const start = this.#at;
    const names: string[] = [];
    do {
      const token = this.#list[this.#at];
      if (token?.kind !== 'variable') break;
      names.push(token.text);
      this.#at++;
    } while (this.#take(','));
    if (names.length > 0 && this.#take(':=')) return { names, declares: true };
    if (names.length > 0 && this.#take('=')) return { names, declares: false };
    this.#at = start;
    return { names: [], declares: true };
  }

  #command(): readonly Operand[] {
    const operands: Operand[] = [];
    for (let operand = this.#operand(); operand !== undefined; operand = this.#operand()) operands.push(operand);
    if (operands.length === 0) throw new TemplateError('a value is missing');
    return operands;
  }

  #operand(): Operand | undefined {
    const token = this.#list[this.#at];
    if (token === undefined) return undefined;
    if (token.kind === 'sign' && token.text !== '(') return undefined;
    this.#at++;
    if (token.kind === 'sign') {
      const pipe = this.#pipe();
      if (!this.#take(')')) throw new TemplateError(`')' is missing`);
      return { operand: 'pipe', pipe, fields: this.#fields([]) };
    }
    if (token.kind === 'literal') return { operand: 'literal', value: token.value, fields: [] };
    if (token.kind === 'field') return { operand: 'dot', fields: this.#fields(token.text === '' ? [] : [token.text]) };
    if (token.kind === 'variable') return { operand: 'variable', name: token.text, fields: this.#fields([]) };
    return { operand: 'function', name: token.text, fields: [] };
  }

  /** Reads the fields after an operand: `.A.B` is two tokens. */
  #fields(first: readonly string[]): readonly string[] {
    const fields = [...first];
    for (;;) {
      const token = this.#list[this.#at];
      if (token?.kind !== 'field' || !token.chained || token.text === '') return fields;
      fields.push(token.text);
      this.#at++;
    }
  }

  #take(sign: string): boolean {
    const token = this.#list[this.#at];
    if (token?.kind !== 'sign' || token.text !== sign) return false;
    this.#at++;
    return true;
  }
}

function show(token: Token | undefined): string {
  if (token === undefined) return '';
  return token.kind === 'literal' ? JSON.stringify(token.value) : token.text;
}
