import { burst } from './burst.ts';
import { cli } from './cli.ts';
import { growth } from './growth.ts';
import { launcher } from './launcher.ts';
import { layers } from './layers.ts';
import { memory } from './memory.ts';
import { pool } from './pool.ts';
import type { Question } from './question.ts';
import { start } from './start.ts';
import { throughput } from './throughput.ts';

/** In the order in which they are asked and shown. */
export const questions: readonly Question[] = [start, cli, throughput, burst, memory, launcher, growth, pool, layers];
