// Prints the directory of node-addon-api's headers, for binding.gyp: from here, or, where an installed package is built
// by `npm exec --package=node-addon-api`, from the folder that npm has put on the PATH.
import { createRequire } from 'node:module';
import { delimiter, dirname, join, resolve } from 'node:path';

const require = createRequire(import.meta.url);
const onPath = (process.env.PATH ?? '')
  .split(delimiter)
  .filter((folder) => folder.endsWith(join('node_modules', '.bin')))
  .map((folder) => resolve(dirname(folder)));
console.log(dirname(require.resolve('node-addon-api', { paths: [import.meta.dirname ?? '.', ...onPath] })));
