import { expect, test } from 'vitest';
import { defineCommand } from '../../commands/define-command.ts';
import { describeError, describeFailure } from '../../commands/describe-error.ts';
import { dispatchTo } from '../../commands/dispatch.ts';
import { EngineError, InvalidRequestError, LimitError, QuartetError, StoreError } from '../../src/errors.ts';
import { english } from '../../src/messages/en.ts';
import { openDrawingRoom, somebody } from './drawing-room.ts';

/** Runs a command that throws, and tells what people see and what the log does. */
async function answerTo(error: Error) {
  const room = await openDrawingRoom();
  const fail = defineCommand({
    name: 'fail',
    text: () => ({ name: 'fail', description: 'Fail', examples: [] }),
    surface: 'slash',
    options: [],
    run: () => Promise.reject(error),
  });
  const requester = somebody('ada');
  const replyTo = {
    platform: 'web',
    workspace: null,
    channel: 'x',
    thread: null,
    message: null,
    ageRestricted: false,
  } as const;
  const reported: QuartetError[] = [];
  const services = { ...room.services, report: (seen: QuartetError) => void reported.push(seen) };
  try {
    const invocation = { command: 'fail', options: {}, requester, replyTo, idempotencyKey: 'x' };
    return { reply: await dispatchTo([fail], invocation, services), reported };
  } finally {
    await room.close();
  }
}

const cause = new Error('password=hunter2 at db.internal:5432');

test.each([
  [new InvalidRequestError('x', 'Expected a boat, got a car.'), 'Expected a boat, got a car.', 0],
  [new LimitError('queue_full', 'x', 60_000), 'The queue is full. Please try again in 60 seconds.', 0],
  [new LimitError('daily_quota', 'x', null), 'That is more than you may ask for in one day.', 0],
  [new StoreError('database_unavailable', 'x', { cause }), english.error.database_unavailable(), 1],
  [new EngineError('engine_unavailable', 'x', { cause }), english.error.engine_unavailable(), 1],
])('answers %s only to the requester, and never with its cause', async (error, text, reports) => {
  const { reply, reported } = await answerTo(error);
  expect(reply).toEqual({ kind: 'text', text, onlyForRequester: true });
  expect(reported).toHaveLength(reports);
});

test.each([cause, new QuartetError('row_damaged', 'Expected a row, got a damaged one.', { cause })])(
  'leaves an error that nobody foresaw to its caller: %s',
  async (error) => {
    await expect(answerTo(error)).rejects.toBe(error);
    expect(describeError(error, english)).toBe(english.error.unexpected());
  },
);

test('tells of a failed job by its code, else by its own sentence', () => {
  expect(describeFailure({ code: 'model_failed', message: 'x' }, english)).toBe(english.error.model_failed());
  expect(describeFailure({ code: 'toString', message: 'A plain sentence.' }, english)).toBe('A plain sentence.');
});
