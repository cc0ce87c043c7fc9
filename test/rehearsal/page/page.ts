import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Evening } from '../evening.ts';
import { clockTime, type Line } from '../narrator.ts';
import type { Stage } from '../stage.ts';
import { discordItems, slackItems } from './columns.ts';
import { escapeHtml } from './html.ts';
import { avatar, sign } from './parts.ts';
import { createPictureFiles } from './picture-files.ts';
import { renderTimeline, troublesOf } from './timeline.ts';

/** Writes `index.html` and its pictures; gives the page's path. */
export async function writePage(
  directory: string,
  stage: Stage,
  evening: Evening,
  lines: readonly Line[],
): Promise<string> {
  const pictures = createPictureFiles();
  const { discord, slack } = evening.cast;
  const discordScene = { world: stage.discord.world, pictures };
  const slackScene = { world: stage.slack.state, pictures, botUser: stage.slack.team.botUser };
  const columns = [
    renderColumn({
      platform: 'Discord',
      channel: discord.channel.name,
      people: [discord.ana, discord.theo, discord.minjun].map(({ user }) => user.displayName),
      body: renderTimeline(discordItems(discord.channel, discordScene), troublesOf(lines, 'Discord')),
    }),
    renderColumn({
      platform: 'Slack',
      channel: slack.channel.name,
      people: [slack.maya, slack.jonas, slack.seoyeon].map(({ name }) => name),
      body: renderTimeline(slackItems(slack.channel, slackScene), troublesOf(lines, 'Slack')),
    }),
  ];
  const styles = ['page.css', 'messages.css'].map((name) => readFile(join(import.meta.dirname, name), 'utf8'));
  const style = (await Promise.all(styles)).join('\n');
  const path = join(directory, 'index.html');
  await mkdir(directory, { recursive: true });
  await pictures.writeTo(directory);
  await writeFile(path, renderPage({ style, columns, asked: evening.asked, lines }));
  return path;
}

interface Column {
  readonly platform: string;
  readonly channel: string;
  readonly people: readonly string[];
  readonly body: string;
}

function renderColumn({ platform, channel, people, body }: Column): string {
  const faces = people.map((name) => avatar({ name, isBot: false })).join('');
  return `<section class="column ${platform.toLowerCase()}">
<header class="place"><span class="platform">${escapeHtml(platform)}</span><h2><i>#</i>${escapeHtml(channel)}</h2>
<span class="faces" title="${escapeHtml(people.join(', '))}">${faces}</span></header>
<div class="messages">${body}</div></section>`;
}

interface Page {
  readonly style: string;
  readonly columns: readonly string[];
  readonly asked: number;
  readonly lines: readonly Line[];
}

function renderPage({ style, columns, asked, lines }: Page): string {
  const first = clockTime(lines[0]?.at ?? 0);
  const last = clockTime(lines.at(-1)?.at ?? 0);
  const troubles = lines.filter(({ kind }) => kind === 'trouble').length;
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>An evening with Quartet</title><style>${style}</style></head>
<body><header class="top"><span class="sign">${sign}</span>
<div><h1>An evening with Quartet</h1>
<p>Six people in two channels, one bot, ${first} to ${last}. ${asked} drawings asked for, each answered exactly once.</p></div>
<p class="legend"><span class="dash"></span>${troubles} times something broke behind the scenes. Nobody in the channels saw it.</p></header>
<main>${columns.join('\n')}</main></body></html>
`;
}
