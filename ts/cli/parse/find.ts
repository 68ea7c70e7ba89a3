import { type CommandEntry, commands, synonyms } from '../commands.ts';

/** Replaces a synonym: `container ls` becomes `ps`. */
export function canonicalWords(words: readonly string[]): readonly string[] {
  const name = words.slice(0, 2).join(' ');
  const target = Object.hasOwn(synonyms, name) ? synonyms[name] : undefined;
  return target === undefined ? words : [...target, ...words.slice(2)];
}

/** The command named by the first one or two words. */
export function findCommand(words: readonly string[]): { entry: CommandEntry; argv: readonly string[] } | undefined {
  for (const count of [2, 1]) {
    const entry = commands.find(({ name }) => name === words.slice(0, count).join(' '));
    if (entry !== undefined) return { entry, argv: words.slice(count) };
  }
  return undefined;
}
