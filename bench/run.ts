// npm run bench -- [--quick] [--report] [QUESTION]...
import { main } from './main.ts';
import { parseOptions, usage } from './options.ts';
import { questions } from './questions/all.ts';

const options = (() => {
  try {
    return parseOptions(
      process.argv.slice(2),
      questions.map(({ id }) => id),
    );
  } catch (error) {
    console.error(`bench: ${error instanceof Error ? error.message : error}\n${usage}`);
    process.exit(2);
  }
})();
// Nothing of a run may keep the program: what it opened goes with its mount namespace.
process.exit(await main(options));
