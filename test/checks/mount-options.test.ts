import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { mountOptions } from '../../ts/request/mount-options.ts';

/** Rows of the page's table: the options in the first column, the kinds in the second, the rest. */
const rows = [
  ...readFileSync('docs/volumes.md', 'utf8').matchAll(
    /^\| (\*{0,2}`.*?) \| ((?:bind|volume|tmpfs)[a-z, ]*) \| (.*) \|$/gm,
  ),
].map(([, options = '', kinds = '', meaning = '']) => ({
  names: [...options.matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? ''),
  kinds: kinds.split(', '),
  meaning,
}));

describe('the table of mount options', () => {
  it('has a row of docs/volumes.md for each class, with its options and their kinds, and no other', () => {
    const options = Object.entries(mountOptions);
    const wanted = [...new Set(options.map(([, option]) => option.class))].map((name) => {
      const members = options.filter(([, option]) => option.class === name);
      return { names: members.map(([own]) => own), kinds: [...new Set(members.flatMap(([, { kinds }]) => kinds))] };
    });
    expect(rows.map(({ names, kinds }) => ({ names, kinds }))).to.deep.equal(wanted);
  });

  it('has the kernels in those rows, where they are later than that of orlop', () => {
    for (const { names, meaning } of rows) {
      const since = names.map((name) => mountOptions[name]?.since?.join('.')).find((version) => version !== undefined);
      expect(/Linux ([\d.]+) or newer/.exec(meaning)?.[1], names.join()).to.equal(since);
    }
  });
});
