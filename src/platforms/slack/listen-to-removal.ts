import type { App } from '@slack/bolt';
import type { Logger } from 'pino';
import type { InstallationBook } from './installations.ts';
import type { Workspaces } from './workspaces.ts';

/** A workspace that takes the bot out, or its token away, is forgotten. */
export function listenToRemoval(
  app: App,
  { workspaces, book, logger }: { workspaces: Workspaces; book: InstallationBook | null; logger: Logger },
): void {
  const forget = async (team: string): Promise<void> => {
    workspaces.forget(team);
    await book?.remove(team);
    logger.info({ team }, 'taken out of a workspace');
  };
  app.event('app_uninstalled', ({ body }) => forget(body.team_id));
  app.event('tokens_revoked', async ({ event, body }) => {
    if ((event.tokens.bot ?? []).length > 0) await forget(body.team_id);
  });
}
