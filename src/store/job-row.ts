import { z } from 'zod';
import { controlKinds, schedulerNames, speedNames } from '../engines/image-engine.ts';
import { drawActions, type Job, type JobId, type PictureKey, platformNames } from '../jobs/job.ts';
import type { Owner } from '../jobs/owner.ts';

const jobId = z.uuid().transform((id) => id as JobId); // the column is a primary key that we made
const pictureKey = z.string().transform((key) => key as PictureKey); // checked again by the picture store
const time = z.coerce.number();
const size = z.object({ width: z.number(), height: z.number() });

const request = z.object({
  action: z.enum(drawActions),
  prompt: z.string(),
  negativePrompt: z.string(),
  count: z.number(),
  steps: z.number(),
  guidanceScale: z.number(),
  seed: z.number(),
  scheduler: z.enum(schedulerNames),
  size,
  model: z.string(),
  style: z.string().nullable(),
  init: z.object({ picture: pictureKey, strength: z.number(), mask: pictureKey.nullable().default(null) }).nullable(),
  // Rows of earlier versions are without these.
  control: z
    .object({ picture: pictureKey, kind: z.enum(controlKinds), scale: z.number() })
    .nullable()
    .default(null),
  loraScale: z.number().nullable().default(null),
  speed: z.enum(speedNames).default('exact'),
  derivedFrom: z.object({ job: jobId, index: z.number().nullable() }).nullable(),
});

const requester = z.object({
  platform: z.enum(platformNames),
  workspace: z.string().nullable(),
  userId: z.string(),
  name: z.string(),
  locale: z.string(),
  isAdmin: z.boolean(),
});

const replyTo = z.object({
  platform: z.enum(platformNames),
  workspace: z.string().nullable(),
  channel: z.string(),
  thread: z.string().nullable(),
  message: z.string().nullable(),
  ageRestricted: z.boolean().default(false),
});

const drawing = z.object({
  pictures: z.array(
    z.object({
      key: pictureKey,
      seed: z.number(),
      size,
      bytes: z.number(),
      altText: z.string(),
      unsafe: z.number(),
    }),
  ),
  timings: z.object({
    textEncoderMs: z.number(),
    loopMs: z.number(),
    decoderMs: z.number(),
    totalMs: z.number(),
  }),
  resized: z.boolean(),
  unknownWords: z.array(z.string()),
});

const base = {
  id: jobId,
  idempotency_key: z.string(),
  request,
  requester,
  reply_to: replyTo,
  created_at: time,
  attempt: z.coerce.number(),
};

const drawn = { drawing, drawn_at: time };

/** A row of `jobs` as a job; columns that its state does not need are passed over. */
export const jobRow = z
  .discriminatedUnion('state', [
    z.object({ ...base, state: z.literal('queued') }),
    z.object({ ...base, state: z.literal('drawing'), started_at: time }),
    z.object({ ...base, state: z.literal('drawn'), ...drawn }),
    z.object({
      ...base,
      state: z.literal('delivered'),
      ...drawn,
      delivered_at: time,
      message: z.string().nullable(),
    }),
    z.object({ ...base, state: z.literal('cancelled'), ended_at: time }),
    z.object({
      ...base,
      state: z.literal('failed'),
      failure: z.object({ code: z.string(), message: z.string() }),
      ended_at: time,
    }),
  ])
  .transform((row): Job => {
    const common = {
      id: row.id,
      idempotencyKey: row.idempotency_key,
      request: row.request,
      requester: row.requester,
      replyTo: row.reply_to,
      createdAt: row.created_at,
      attempt: row.attempt,
    };
    switch (row.state) {
      case 'queued':
        return { ...common, state: row.state };
      case 'drawing':
        return { ...common, state: row.state, startedAt: row.started_at };
      case 'drawn':
        return { ...common, state: row.state, drawing: row.drawing, drawnAt: row.drawn_at };
      case 'delivered':
        return {
          ...common,
          state: row.state,
          drawing: row.drawing,
          drawnAt: row.drawn_at,
          deliveredAt: row.delivered_at,
          message: row.message,
        };
      case 'cancelled':
        return { ...common, state: row.state, endedAt: row.ended_at };
      case 'failed':
        return { ...common, state: row.state, failure: row.failure, endedAt: row.ended_at };
      default:
        return row satisfies never;
    }
  });

/** The owner column. */
export const ownerColumn = z.string().transform((owner) => owner as Owner); // written from an Owner only

/** A key column. */
export const keyColumn = pictureKey;

/** The columns that `jobRow` reads. */
export const jobColumns =
  'id, idempotency_key, state, request, requester, reply_to, created_at, attempt, started_at, drawing, drawn_at, delivered_at, message, failure, ended_at';
