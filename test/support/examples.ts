// The examples of a Markdown page, and their expected output.

/** A command of a ```console block: `$ command`, continued by lines with `> `, then its output. */
export interface ShellExample {
  readonly command: string;
  /** Expected lines. `…` stands for any text, and alone on a line for any lines. */
  readonly output: readonly string[];
}

/** A ```ts block: a module, and the output that its comments `// → …` expect. */
export interface ModuleExample {
  readonly source: string;
  readonly output: readonly string[];
}

export interface Examples {
  readonly shell: readonly ShellExample[];
  readonly modules: readonly ModuleExample[];
  /** Languages of all code blocks. */
  readonly languages: readonly string[];
}

export function examplesOf(page: string): Examples {
  const shell: ShellExample[] = [];
  const modules: ModuleExample[] = [];
  const languages: string[] = [];
  for (const [, language = '', body = ''] of page.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)) {
    languages.push(language);
    if (language === 'console') shell.push(...shellExamples(body));
    if (language === 'ts') {
      modules.push({ source: body, output: outputOf(body) });
    }
  }
  return { shell, modules, languages };
}

/**
 * The `@example`s of a source's doc comments: module bodies after the import of the library and the opening of a store.
 */
export function commentExamples(source: string): readonly ModuleExample[] {
  return [...source.matchAll(/\/\*\*([\s\S]*?)\*\//g)]
    .flatMap(([, comment = '']) =>
      comment
        .replace(/^ *\* ?/gm, '')
        .split('@example\n')
        .slice(1),
    )
    .map((text) => (text.split(/^@\w/m)[0] ?? '').trimEnd())
    .map((body) => ({
      source: `import { catalogue, LaunchError, Orlop, RequestError, RunError } from 'orlop';\n${
        body.includes('Orlop.open') ? '' : 'await using orlop = await Orlop.open();\n'
      }${body}\n`,
      output: outputOf(body),
    }));
}

function outputOf(body: string): readonly string[] {
  return [...body.matchAll(/\/\/ → (.*)$/gm)].map(([, line = '']) => line);
}

function shellExamples(body: string): ShellExample[] {
  return body
    .split(/^\$ /m)
    .slice(1)
    .map((text) => {
      const lines = text.trimEnd().split('\n');
      const more = lines.slice(1).findIndex((line) => !line.startsWith('> '));
      const count = more < 0 ? lines.length : more + 1;
      const command = lines.slice(0, count).map((line, at) => (at === 0 ? line : line.slice(2)));
      return { command: command.join('\n'), output: lines.slice(count) };
    });
}

/** A pattern for the expected lines. */
export function pattern(lines: readonly string[]): RegExp {
  const parts = lines.map((line) => {
    if (line === '…') return '(?:.*\\n)*?';
    const escaped = line.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&').replaceAll('…', '.*');
    return `${escaped}\\n`;
  });
  return new RegExp(`^${parts.join('')}$`);
}
