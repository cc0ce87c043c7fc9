import { join } from 'node:path';
import type { JobStore } from '../jobs/job-store.ts';
import type { PictureStore } from '../jobs/picture-store.ts';
import { createInstallations, type Installations } from './installations.ts';
import { createJobStore } from './job-store.ts';
import { type OpenDatabaseOptions, openDatabase } from './open-database.ts';
import { createPictureFolder } from './picture-folder.ts';

/** Everything that is kept. */
export interface Store {
  /** For people: "embedded (data/database)". */
  readonly name: string;
  readonly jobs: JobStore;
  readonly pictures: PictureStore;
  /** What Slack's workspaces gave the bot when they installed it. */
  readonly slackInstallations: Installations;
  /** No other process can have it open. */
  readonly soleProcess: boolean;
  /** Whether the database answers; throws a `StoreError` when it does not. */
  check(): Promise<void>;
  /** Idempotent. */
  close(): Promise<void>;
}

/** Open the database and the picture folder, both ready for use. */
export async function openStore(options: OpenDatabaseOptions): Promise<Store> {
  const database = await openDatabase(options);
  try {
    return {
      name: database.name,
      jobs: createJobStore(database),
      pictures: await createPictureFolder(join(options.dataDir, 'pictures')),
      slackInstallations: createInstallations(database, 'slack'),
      soleProcess: database.exclusive,
      async check() {
        await database.query('select 1');
      },
      close: () => database.close(),
    };
  } catch (error) {
    await database.close();
    throw error;
  }
}
