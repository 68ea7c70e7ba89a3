// Median and p99 of a start, from the JavaScript call to the application's first instruction, beside
// child_process.spawn and the runtimes that are installed: `npm run bench -- --quick start`.
import { main } from './main.ts';

process.exit(await main({ quick: true, repeat: 1, report: false, questions: ['start'] }));
