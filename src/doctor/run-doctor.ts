import { ConfigError, QuartetError } from '../errors.ts';
import type { Finding } from './finding.ts';

/** One part of the program to look at. */
export interface Check {
  /** For people: "database". */
  readonly part: string;
  run(): Promise<readonly Finding[]>;
}

const marks = { good: '✓', warning: '!', bad: '✗' } as const satisfies Record<Finding['state'], string>;

/**
 * Looks at every part, one after the other, and writes what it finds as it finds it. True when nothing is bad.
 *
 * A check that throws has found something bad: the others are made all the same.
 */
export async function runDoctor(checks: readonly Check[], write: (text: string) => void): Promise<boolean> {
  const counts = { good: 0, warning: 0, bad: 0 };
  for (const { part, run } of checks) {
    write(`${part}\n`);
    for (const finding of await run().catch(foundByError)) {
      counts[finding.state]++;
      write(`  ${marks[finding.state]} ${finding.what}\n`);
      if (finding.advice !== null) write(`    ${finding.advice}\n`);
    }
  }
  write(`\n${summary(counts)}\n`);
  return counts.bad === 0;
}

function foundByError(error: unknown): readonly Finding[] {
  if (error instanceof ConfigError) return error.problems.map((what) => ({ state: 'bad', what, advice: null }));
  if (error instanceof QuartetError) return [{ state: 'bad', what: error.message, advice: null }];
  throw error;
}

function summary({ warning, bad }: Readonly<Record<Finding['state'], number>>): string {
  if (bad > 0) return `${bad === 1 ? 'One thing needs' : `${bad} things need`} mending before Quartet can work.`;
  if (warning > 0) return `Quartet can work; ${warning === 1 ? 'one thing is' : `${warning} things are`} worth a look.`;
  return 'Everything is fine.';
}
