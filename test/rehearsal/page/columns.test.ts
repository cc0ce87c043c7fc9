import { afterEach, beforeEach, expect, test } from 'vitest';
import { openStage, type Stage } from '../stage.ts';
import { discordItems, slackItems } from './columns.ts';
import { createPictureFiles } from './picture-files.ts';
import { renderTimeline } from './timeline.ts';

let stage: Stage;
beforeEach(async () => {
  stage = await openStage();
});
afterEach(() => stage.close());

function showDiscord(): string {
  const { channel, world } = stage.discord;
  return renderTimeline(discordItems(channel, { world, pictures: createPictureFiles() }), []);
}

function showSlack(): string {
  const { general, state, team } = stage.slack;
  const scene = { world: state, pictures: createPictureFiles(), botUser: team.botUser };
  return renderTimeline(slackItems(general, scene), []);
}

test('shows who wrote on Discord, when, and what a reply answers', async () => {
  const ana = stage.discord.addPerson('Ana');
  const first = await ana.says(stage.discord.channel, 'a boat & a <house>');
  await stage.discord.addPerson('Theo').says(stage.discord.channel, 'two of them', { replyTo: first });
  const html = showDiscord();
  expect(html).toContain('<b>Ana</b><time>19:00</time>');
  expect(html).toContain('a boat &amp; a &lt;house&gt;');
  expect(html.indexOf('<div class="above"><b>Ana</b>')).toBeGreaterThan(html.indexOf('a boat'));
});

test('shows pictures that people send, each file once', async () => {
  const picture = { name: 'a.png', bytes: Buffer.from('not looked at') };
  const ana = stage.discord.addPerson('Ana');
  await ana.says(stage.discord.channel, 'this', { files: [picture] });
  await ana.says(stage.discord.channel, 'and this', { files: [picture] });
  const { channel, world } = stage.discord;
  const pictures = createPictureFiles();
  expect(discordItems(channel, { world, pictures })).toHaveLength(2);
  expect(pictures.count).toBe(1);
});

test('sets a thread on Slack apart, below what its author went on to say', async () => {
  const { alice, bob, general } = stage.slack;
  const { message } = await alice.says(general, 'a boat');
  await alice.says(general, 'or a house');
  await bob.says(general, 'a boat please', { thread: message });
  await bob.says(general, 'thanks');
  const html = showSlack();
  const order = ['a boat', 'or a house', '<section class="thread">', 'a boat please', '</section>', 'thanks'];
  const places = order.map((words) => html.indexOf(words));
  expect(places).toEqual(places.toSorted((left, right) => left - right));
  expect(places).not.toContain(-1);
});

test('marks a note that one person sees', async () => {
  const { alice, general } = stage.slack;
  await alice.slash(general, '/nonsense', '');
  expect(showSlack()).toContain('only alice sees this');
});

test('tells in between what went wrong', async () => {
  await stage.discord.addPerson('Ana').says(stage.discord.channel, 'before');
  stage.pass(5);
  const at = stage.now();
  stage.pass(5);
  await stage.discord.addPerson('Theo').says(stage.discord.channel, 'after');
  const { channel, world } = stage.discord;
  const items = discordItems(channel, { world, pictures: createPictureFiles() });
  const html = renderTimeline(items, [{ at, where: 'Discord', kind: 'trouble', text: 'hung up' }]);
  expect(html).toMatch(/before.*19:05<\/time> Discord hung up.*after/s);
});
