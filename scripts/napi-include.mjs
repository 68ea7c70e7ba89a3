// Prints the include directory of node-addon-api for binding.gyp: the one here, or, if an installed package is built by
// `npm exec --package=node-addon-api`, the one in the folder that npm puts on the PATH.
import { createRequire } from 'node:module';
import { delimiter, dirname, join, resolve } from 'node:path';

const require = createRequire(import.meta.url);
const onPath = (process.env.PATH ?? '')
  .split(delimiter)
  .filter((folder) => folder.endsWith(join('node_modules', '.bin')))
  .map((folder) => resolve(dirname(folder)));
console.log(dirname(require.resolve('node-addon-api', { paths: [import.meta.dirname ?? '.', ...onPath] })));
