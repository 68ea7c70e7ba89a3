import { nearest } from '../../request/text.ts';
import { TemplateError } from './error.ts';
import { functions, isTrue, pairs, toText } from './functions.ts';
import { type Block, type Node, type Operand, type Pipe, parse } from './parse.ts';

/** A compiled template; used for every row. */
export type Template = (value: unknown) => string;

/**
 * Compiles a template in the language of Go's text/template. `\t` and `\n` outside actions mean a tab and a newline, as
 * in Docker.
 *
 * @throws {RequestError} ORLOP_E_USAGE; the template throws the same for a missing field
 * @example compileTemplate('{{.Names}}\t{{json .Mounts}}')({ Names: 'a', Mounts: [] })
 */
export function compileTemplate(source: string): Template {
  const block = parse(source.replace(/\\t/g, '\t').replace(/\\n/g, '\n'));
  return (value) => new Rendering(value).block(block, value);
}

class Rendering {
  readonly #variables: { name: string; value: unknown }[];

  constructor(root: unknown) {
    this.#variables = [{ name: '$', value: root }];
  }

  block(block: Block, dot: unknown): string {
    const depth = this.#variables.length;
    const text = block.map((node) => this.#node(node, dot)).join('');
    this.#variables.length = depth;
    return text;
  }

  #node(node: Node, dot: unknown): string {
    if (node.node === 'text') return node.text;
    if (node.node === 'print') {
      const value = this.#pipe(node.pipe, dot);
      return node.pipe.names.length > 0 ? '' : toText(value);
    }
    const depth = this.#variables.length;
    const text = node.node === 'range' ? this.#range(node, dot) : this.#choice(node, dot);
    this.#variables.length = depth;
    return text;
  }

  #choice(node: Exclude<Node, { node: 'text' | 'print' }>, dot: unknown): string {
    const value = this.#pipe(node.pipe, dot);
    if (!isTrue(value)) return this.block(node.otherwise, dot);
    return this.block(node.body, node.node === 'with' ? value : dot);
  }

  #range(node: Exclude<Node, { node: 'text' | 'print' }>, dot: unknown): string {
    const [first, second] = node.pipe.names;
    const list = pairs(this.#pipe({ ...node.pipe, names: [] }, dot));
    if (list.length === 0) return this.block(node.otherwise, dot);
    return list
      .map(([key, value]) => {
        const depth = this.#variables.length;
        if (first !== undefined) this.#variables.push({ name: first, value: second === undefined ? value : key });
        if (second !== undefined) this.#variables.push({ name: second, value });
        const text = this.block(node.body, value);
        this.#variables.length = depth;
        return text;
      })
      .join('');
  }

  #pipe(pipe: Pipe, dot: unknown): unknown {
    let value: unknown;
    pipe.commands.forEach((command, index) => {
      value = this.#command(command, dot, index === 0 ? [] : [value]);
    });
    for (const name of pipe.names) this.#assign(name, value, pipe.declares);
    return value;
  }

  #command([first, ...rest]: readonly Operand[], dot: unknown, piped: readonly unknown[]): unknown {
    if (first === undefined) return undefined;
    if (first.operand === 'function') {
      const call = Object.hasOwn(functions, first.name) ? functions[first.name] : undefined;
      if (call === undefined)
        throw unknownName(`there is no function '${first.name}'`, first.name, Object.keys(functions));
      return call(...rest.map((operand) => this.#operand(operand, dot)), ...piped);
    }
    const value = this.#operand(first, dot);
    if (typeof value === 'function') return value(...rest.map((operand) => this.#operand(operand, dot)), ...piped);
    if (rest.length + piped.length > 0)
      throw new TemplateError('a value is given arguments, which only a function takes');
    return value;
  }

  #operand(operand: Operand, dot: unknown): unknown {
    return operand.fields.reduce<unknown>(field, this.#start(operand, dot));
  }

  #start(operand: Operand, dot: unknown): unknown {
    switch (operand.operand) {
      case 'literal':
        return operand.value;
      case 'dot':
        return dot;
      case 'pipe':
        return this.#pipe(operand.pipe, dot);
      case 'variable':
        return this.#find(operand.name).value;
      case 'function':
        return this.#command([operand], dot, []);
    }
  }

  #find(name: string): { value: unknown } {
    const found = this.#variables.findLast((variable) => variable.name === name);
    if (found === undefined) throw new TemplateError(`there is no variable '${name}'`);
    return found;
  }

  #assign(name: string, value: unknown, declares: boolean): void {
    if (declares) this.#variables.push({ name, value });
    else this.#find(name).value = value;
  }
}

/** Fields whose name in Docker's templates is not that of its JSON. */
const otherNames: ReadonlyMap<string, string> = new Map([['ID', 'Id']]);

function field(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) {
    throw new TemplateError(
      `there is no field '${name}' in ${value === null || value === undefined ? 'nothing' : `'${toText(value)}'`}`,
    );
  }
  for (const one of [name, otherNames.get(name) ?? name])
    if (Object.hasOwn(value, one)) return (value as Record<string, unknown>)[one];
  throw unknownName(`there is no field '${name}'`, name, Object.keys(value));
}

function unknownName(message: string, name: string, all: readonly string[]): TemplateError {
  const close = nearest(name, all);
  return new TemplateError(message, close === undefined ? `there are ${all.join(', ')}` : `did you mean '${close}'?`);
}
