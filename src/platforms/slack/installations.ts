import type { Logger } from 'pino';
import { createSeal } from './seal.ts';
import type { TokenSource } from './workspaces.ts';

/** Where sealed texts are kept; the database is one. */
export interface InstallationShelf {
  read(workspace: string): Promise<string | null>;
  write(workspace: string, sealed: string): Promise<void>;
  remove(workspace: string): Promise<void>;
}

/** The workspaces that people installed the bot in. */
export interface InstallationBook extends TokenSource {
  keep(team: string, token: string): Promise<void>;
  remove(team: string): Promise<void>;
}

/** Keeps tokens on a shelf, each sealed for its own workspace. */
export function createInstallationBook(shelf: InstallationShelf, secret: Uint8Array, logger: Logger): InstallationBook {
  const { seal, open } = createSeal(secret, 'slack-installations');
  return {
    async tokenOf(team) {
      const sealed = await shelf.read(team);
      if (sealed === null) return null;
      const token = open(sealed, team);
      if (token === null) {
        logger.error(
          { team },
          'BUTTON_SECRET has changed since this workspace installed the bot; it has to do so again',
        );
      }
      return token;
    },
    keep: (team, token) => shelf.write(team, seal(token, team)),
    remove: (team) => shelf.remove(team),
  };
}
