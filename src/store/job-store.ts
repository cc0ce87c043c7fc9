import type { JobStore } from '../jobs/job-store.ts';
import { createArchive } from './archive.ts';
import { createClaims } from './claims.ts';
import type { Database } from './database.ts';
import { createEndings } from './endings.ts';
import { createIntake } from './intake.ts';
import { createPeople } from './people.ts';

/** The job store on PostgreSQL, embedded or a server; the schema must be up to date. */
export function createJobStore(database: Database): JobStore {
  return {
    ...createIntake(database),
    ...createClaims(database),
    ...createEndings(database),
    ...createArchive(database),
    ...createPeople(database),
  };
}
