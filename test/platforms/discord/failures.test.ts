import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { DeliveryError } from '../../../src/errors.ts';
import { textOf } from '../../servers/discord/people/answer.ts';
import { buttonsOf } from '../../servers/discord/people/find-component.ts';
import type { Person } from '../../servers/discord/people/person.ts';
import { type DiscordServer, startDiscordServer } from '../../servers/discord/start.ts';
import { type Message, messagesIn } from '../../servers/discord/world.ts';
import { type Bot, openBot } from './open-discord.ts';

let server: DiscordServer;
let bot: Bot;
let ada: Person;

const callback = 'POST /interactions/:interaction/:token/callback';
const newMessage = 'POST /channels/:channel/messages';
const editOfMessage = 'PATCH /channels/:channel/messages/:message';
const editOfAnswer = 'PATCH /webhooks/:application/:token/messages/:message';
const quarterOfAnHour = 15 * 60_000 + 1_000;

async function open(options: Parameters<typeof startDiscordServer>[0] = {}) {
  server = await startDiscordServer(options);
  bot = await openBot(server);
  ada = server.addPerson('Ada');
}

afterEach(async () => {
  await bot.close();
  await server.close();
});

const shows = (count: number) => (message: Message) =>
  message.attachments.filter(({ filename }) => filename.startsWith('quartet-')).length === count;
/** Ids of the messages with four pictures. */
const results = () =>
  messagesIn(server.world, server.channel, ada.user)
    .filter(shows(4))
    .map(({ id }) => id);
const delivered = () => bot.reached('delivered');
const warned = (text: string) => bot.log.some(({ msg }) => msg === text);

describe('interactions that cannot be answered', () => {
  beforeEach(() => open());

  test('10062 Unknown interaction: the pictures come as a message of the channel', async () => {
    const letGo = server.gateway.hold('INTERACTION_CREATE');
    const asked = ada.slash(server.channel, 'imagine', { prompt: 'a boat' });
    // The interaction begins within this turn of the event loop, and is held back.
    await new Promise(setImmediate);
    server.clock.advance(4_000);
    letGo();
    expect((await asked).state).toBe('failed');
    await delivered();
    expect(results()).toHaveLength(1);
    expect(server.requests.find(({ code }) => code === 10_062)).toBeDefined();
  });

  test('40060 already acknowledged: whoever answered first has answered, and the job is drawn once', async () => {
    // The first try is carried out, but its answer is lost; discord.js asks again.
    server.misbehave({ on: callback, answer: 502, workDone: true });
    const answer = await ada.slash(server.channel, 'imagine', { prompt: 'a boat' });
    await delivered();
    expect(server.requests.some(({ code }) => code === 40_060)).toBe(true);
    expect(results()).toEqual([answer.message?.id]);
    expect(bot.engine.requests).toHaveLength(1);
  });

  test('the same event twice is one job and one message', async () => {
    server.gateway.duplicateNext('INTERACTION_CREATE');
    await ada.slash(server.channel, 'imagine', { prompt: 'a boat' });
    await delivered();
    expect(bot.engine.requests).toHaveLength(1);
    expect(results()).toHaveLength(1);
  });

  test('an answer that is refused for good ends nothing: the next one works', async () => {
    server.misbehave({ on: callback, answer: 503, times: 4 });
    await ada.slash(server.channel, 'queue');
    const answer = await ada.slash(server.channel, 'queue');
    expect(textOf(await answer.shown())).toContain('Nobody is waiting');
  });
});

describe('the interaction token', () => {
  beforeEach(() => open());

  test('50027 Invalid Webhook Token after 15 minutes: the result comes in the same message, by the bot itself', async () => {
    const release = bot.engine.hold();
    const answer = await ada.slash(server.channel, 'imagine', { prompt: 'a boat' });
    const message = await answer.shown();
    server.clock.advance(quarterOfAnHour);
    release();
    await delivered();
    expect(results()).toEqual([message.id]);
    expect(server.requests.filter(({ code }) => code === 50_027)).toEqual([]);
  });

  test('a token that goes bad inside its time: the bot edits as itself', async () => {
    server.misbehave({ on: editOfAnswer, answer: 500, times: 100 });
    const answer = await ada.slash(server.channel, 'imagine', { prompt: 'a boat' });
    await bot.reached('drawn');
    server.clock.advance(quarterOfAnHour);
    server.behave();
    await delivered();
    // Nobody ended its "thinking" in time, so it makes room for a message that can be read.
    expect(answer.message?.deleted).toBe(true);
    expect(results()).toHaveLength(1);
  });
});

describe('messages and channels that go away', () => {
  beforeEach(() => open());

  async function waiting(): Promise<{ message: Message; release: () => void }> {
    const release = bot.engine.hold();
    const answer = await ada.slash(server.channel, 'imagine', { prompt: 'a boat' });
    const message = await answer.shown();
    return { message, release };
  }

  const direct = () => server.waitForMessage(server.directMessages(ada), shows(4));

  test('10008 Unknown Message: somebody deleted it, so the result comes in a new one', async () => {
    const { message, release } = await waiting();
    ada.deletes(message);
    release();
    await delivered();
    expect(results()).toHaveLength(1);
  });

  test('10003 Unknown Channel: the requester gets a direct message', async () => {
    const { release } = await waiting();
    server.removeChannel(server.channel);
    release();
    const message = await direct();
    expect(textOf(message)).toContain(`<#${server.channel.id}>`);
    await delivered();
  });

  test('50001 Missing Access after the answer: within 15 minutes it goes through the interaction', async () => {
    const { message, release } = await waiting();
    server.deny(server.channel, server.bot, 'ViewChannel');
    release();
    await delivered();
    expect(results()).toEqual([message.id]);
  });

  test('50001 Missing Access after 15 minutes: the requester gets a direct message', async () => {
    const { release } = await waiting();
    server.deny(server.channel, server.bot, 'ViewChannel');
    server.clock.advance(quarterOfAnHour);
    release();
    await direct();
    await delivered();
  });

  test('50013 Missing Permissions to write anew: the requester gets a direct message', async () => {
    const { message, release } = await waiting();
    ada.deletes(message);
    server.deny(server.channel, server.bot, 'SendMessages');
    release();
    await direct();
    await delivered();
  });

  test('50007 nobody can be told: a line in the log, and the bot goes on', async () => {
    const { release } = await waiting();
    ada.user.refusesMessages = true;
    server.removeChannel(server.channel);
    release();
    await server.waitFor('the refusal', () => server.requests.some(({ code }) => code === 50_007));
    const other = server.addChannel({ guild: server.guild, name: 'other' });
    await ada.slash(other, 'imagine', { prompt: 'another boat' });
    await server.waitForMessage(other, shows(4));
    expect(warned('nobody can be told how a job ended')).toBe(true);
  });

  test('50083 Thread is archived: the result comes in a new message there', async () => {
    const thread = server.addThread({ parent: server.channel, name: 'boats', owner: ada.user });
    const release = bot.engine.hold();
    const answer = await ada.slash(thread, 'imagine', { prompt: 'a boat' });
    await answer.shown();
    thread.archived = true;
    release();
    await server.waitForMessage(thread, shows(4));
  });

  test('the bot was removed from the server: the requester gets a direct message', async () => {
    const { release } = await waiting();
    server.clock.advance(quarterOfAnHour);
    server.removeBot(server.guild);
    release();
    await direct();
  });

  test('30046 too many edits of an old message: the result comes in a new one, and the old one goes', async () => {
    await bot.close();
    await server.close();
    await open({ limits: { oldEdits: 0 } });
    const { message, release } = await waiting();
    server.clock.advance(3_700_000);
    release();
    await delivered();
    expect(results()).toHaveLength(1);
    expect(results()).not.toContain(message.id);
    expect(message.deleted).toBe(true);
  });
});

describe('Discord in bad weather', () => {
  beforeEach(() => open());

  test('413 / 40005 Request entity too large: the pictures come in a smaller file', async () => {
    ada.attachmentBytes = 2_500;
    const answer = await ada.slash(server.channel, 'imagine', { prompt: 'a boat', count: 1 });
    await delivered();
    expect(answer.message?.attachments.map(({ filename }) => filename.split('.').at(-1))).not.toEqual(['png']);
    expect(server.requests.filter(({ status }) => status === 413)).toEqual([]);
  });

  test('a limit that is lower than what Discord said: found out, and the pictures come', async () => {
    await bot.close();
    await server.close();
    await open({ limits: { fileBytes: 20_000 } });
    const answer = await ada.slash(server.channel, 'imagine', { prompt: 'a boat', count: 1 });
    await delivered();
    expect(answer.message?.attachments).toHaveLength(1);
  });

  test.each(['before', 'after'] as const)('504 on a large upload, %s it was done: one result', async (when) => {
    for (const on of [editOfAnswer, editOfMessage] as const) {
      server.misbehave({ on, answer: 504, times: 5, workDone: when === 'after' });
    }
    await ada.slash(server.channel, 'imagine', { prompt: 'a boat' });
    await delivered();
    expect(results()).toHaveLength(1);
  });

  test('a post that was carried out but answered 502 is not posted twice', async () => {
    const release = bot.engine.hold();
    const answer = await ada.slash(server.channel, 'imagine', { prompt: 'a boat' });
    ada.deletes(await answer.shown());
    server.misbehave({ on: newMessage, answer: 502, workDone: true, times: 6 });
    release();
    await delivered();
    expect(results()).toHaveLength(1);
  });

  test('429 on an edit: the ending waits for as long as Discord asks', async () => {
    await ada.slash(server.channel, 'imagine', { prompt: 'a boat' });
    const job = await bot.reached('drawn');
    await delivered();
    if (job.state !== 'drawn') throw new Error('Expected a drawn job');
    for (const on of [editOfAnswer, editOfMessage] as const) {
      server.misbehave({ on, answer: 429, retryAfterMs: 90_000 });
    }
    const telling = bot.platform.deliver(job, { signal: new AbortController().signal });
    const error = await telling.catch((caught: unknown) => caught);
    expect(error).toMatchObject({ name: 'DeliveryError', retryable: true });
    expect((error as DeliveryError).retryAfterMs).toBeGreaterThanOrEqual(90_000);
  });

  test('connections that hang up while it delivers: told in the end', async () => {
    const release = bot.engine.hold();
    const answer = await ada.slash(server.channel, 'imagine', { prompt: 'a boat' });
    await answer.shown();
    server.misbehave({ on: editOfMessage, answer: 'hang up', times: 2 });
    release();
    await delivered();
    expect(results()).toHaveLength(1);
  });
});

describe('restarts', () => {
  beforeEach(() => open());

  test('a job goes on after a restart, in the message that it had', async () => {
    bot.engine.hold();
    const answer = await ada.slash(server.channel, 'imagine', { prompt: 'a boat' });
    const message = await answer.shown();
    await bot.close();
    bot = await openBot(server, { before: bot });
    await delivered();
    expect(results()).toEqual([message.id]);
    expect(buttonsOf(message).length).toBe(12);
  });

  test('a crash between posting and writing it down: nothing is posted again, hours later either', async () => {
    const release = bot.engine.hold();
    const answer = await ada.slash(server.channel, 'imagine', { prompt: 'a boat' });
    ada.deletes(await answer.shown());
    release();
    const job = await bot.reached('drawn');
    await delivered();
    const [id] = results();
    server.clock.advance(3 * 3_600_000);
    // What a new process would do that finds the job still untold.
    if (job.state !== 'drawn') throw new Error('Expected a drawn job');
    const receipt = await bot.platform.deliver(job, { signal: new AbortController().signal });
    expect(receipt.message).toBe(id);
    expect(results()).toEqual([id]);
  });

  test('running handlers are finished when the bot closes', async () => {
    const answer = ada.slash(server.channel, 'imagine', { prompt: 'a boat' });
    await server.waitFor('the deferral', () => server.requests.some(({ route }) => route === callback));
    await bot.platform.close();
    await answer;
    await delivered();
    expect(results()).toHaveLength(1);
  });
});

describe('the gateway', () => {
  beforeEach(() => open());

  test('drops: the connection comes back, and what was asked meanwhile is answered', async () => {
    server.gateway.drop();
    await server.waitFor('a new connection', () => bot.log.some(({ msg }) => msg === 'back on Discord'), 15_000);
    await ada.slash(server.channel, 'imagine', { prompt: 'a boat' });
    await delivered();
    expect(results()).toHaveLength(1);
  });
});
