// Prints the sources of a target in native/sources.txt, one per line, relative to the root or to a FOLDER of it.
// binding.gyp and CMakeLists.txt call it.
// usage: node sources.mjs TARGET [FOLDER]
import { readFileSync } from 'node:fs';
import { relative } from 'node:path';

const [target, folder = ''] = process.argv.slice(2);
const list = readFileSync(new URL('../native/sources.txt', import.meta.url), 'utf8');
for (const line of list.split('\n')) {
  const [name, file] = line.trim().split(/\s+/);
  if (name === target && file !== undefined) console.log(relative(folder, file));
}
