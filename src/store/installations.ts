import { z } from 'zod';
import { type Database, row } from './database.ts';

/** What workspaces gave the bot when they installed it, sealed by whoever keeps it here. */
export interface Installations {
  /** Null where there is none. */
  read(workspace: string): Promise<string | null>;
  write(workspace: string, sealed: string): Promise<void>;
  remove(workspace: string): Promise<void>;
}

const installationRow = z.object({ sealed: z.string() });

/** Installations of one platform, on PostgreSQL. */
export function createInstallations(database: Database, platform: string): Installations {
  return {
    async read(workspace) {
      const text = 'select sealed from installations where platform = $1 and workspace = $2';
      return (await row(database, installationRow, text, [platform, workspace]))?.sealed ?? null;
    },
    async write(workspace, sealed) {
      await database.query(
        `insert into installations (platform, workspace, sealed) values ($1, $2, $3)
         on conflict (platform, workspace) do update set sealed = excluded.sealed, installed_at = now()`,
        [platform, workspace, sealed],
      );
    },
    async remove(workspace) {
      await database.query('delete from installations where platform = $1 and workspace = $2', [platform, workspace]);
    },
  };
}
