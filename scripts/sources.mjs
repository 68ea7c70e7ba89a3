// Prints the sources of one target of native/sources.txt, a line each. binding.gyp and CMakeLists.txt call it.
import { readFileSync } from 'node:fs';

const target = process.argv[2];
const list = readFileSync(new URL('../native/sources.txt', import.meta.url), 'utf8');
for (const line of list.split('\n')) {
  const [name, file] = line.trim().split(/\s+/);
  if (name === target && file !== undefined) console.log(file);
}
