// Imports the archive on its standard input, for tests that kill it at any moment.

import { Images } from '../../ts/images/images.ts';
import { loadNative } from '../../ts/native/binding.ts';
import { Store } from '../../ts/store/store.ts';

const [root, run] = process.argv.slice(2);
const store = await Store.open({ root, run, native: loadNative() });
process.stdout.write('ready\n');
await new Images(store).import({ source: 0, reference: 'killed:1' });
process.stdout.write('imported\n');
