import { writeFile } from 'node:fs/promises';
import { commands } from '../../../commands/index.ts';
import type { Config } from '../../config.ts';
import { ConfigError } from '../../errors.ts';
import { renderSlackManifest } from './manifest.ts';

export interface RegisterSlackOptions {
  /** The address under which Slack reaches this program, as in `https://quartet.example`; HTTP mode needs it. */
  readonly publicUrl: string | null;
  /** Write the manifest there; null prints it. */
  readonly file: string | null;
  readonly print: (text: string) => void;
}

/** Slack has no call that a bot may register itself with: the manifest is pasted into its page, once a change. */
export async function registerSlack(config: Config, { publicUrl, file, print }: RegisterSlackOptions): Promise<void> {
  // Before the app is made there is no secret yet: then the address says that Slack is to call it.
  const isHttp = publicUrl !== null || (config.SLACK_APP_TOKEN === null && config.SLACK_SIGNING_SECRET !== null);
  const address = publicUrl?.replace(/\/+$/u, '') ?? null;
  if (isHttp && (address === null || !/^https:\/\/[^/]+$/u.test(address))) {
    throw new ConfigError([
      `Expected the address under which Slack reaches this program, as in https://quartet.example, got ${publicUrl ?? 'nothing'}.`,
    ]);
  }
  const manifest = renderSlackManifest(commands, {
    publicUrl: isHttp ? address : null,
    installable: config.SLACK_CLIENT_ID !== null,
  });
  const text = `${JSON.stringify(manifest, null, 2)}\n`;
  if (file === null) return print(text);
  await writeFile(file, text);
  print(
    `Wrote ${file}. Open https://api.slack.com/apps, Create New App, From a manifest (or App Manifest of an app that is there), and paste it.\n`,
  );
}
