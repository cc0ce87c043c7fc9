import type { App } from '@slack/bolt';
import { readSlashCommand } from './command-text.ts';
import type { Invoker } from './invoker.ts';

/** `/imagine` and `/quartet`. */
export function listenToCommands(app: App, { invoker }: { readonly invoker: Invoker }): void {
  app.command(/^\/(imagine|quartet)$/u, async ({ ack, command }) => {
    await ack();
    const place = { team: command.team_id, channel: command.channel_id, thread: null };
    await invoker.invoke(
      {
        place,
        userId: command.user_id,
        nameHint: command.user_name,
        responseUrl: command.response_url,
        pressed: null,
        // Slack gives each use of a command a trigger of its own.
        key: `slack:command:${command.trigger_id}`,
      },
      ({ messages, say }) => readSlashCommand(command.command, command.text, messages, say),
    );
  });
}
