import { randomUUID } from 'node:crypto';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { LimitError } from '../../src/errors.ts';
import { fairOrder } from '../../src/jobs/fair-order.ts';
import type { DrawingJob, Job, JobFailure, PictureKey, QueuedJob } from '../../src/jobs/job.ts';
import type { IntakeLimits, JobStore } from '../../src/jobs/job-store.ts';
import { ownerOf } from '../../src/jobs/owner.ts';
import { pictureKey, uploadKey } from '../../src/jobs/picture-store.ts';
import { sampleDrawing, sampleJob, sampleRequest, sampleRequester } from '../jobs/sample-jobs.ts';

const roomy: IntakeLimits = { maxQueue: 1_000, maxJobsPerUser: 1_000, dailyImagesPerUser: 100_000 };
const times = { now: 2_000_000, leaseMs: 30_000 };
const failure: JobFailure = { code: 'engine_lost', message: 'The engine went away.' };
const dayMs = 86_400_000;
const untilLater = Number.MAX_SAFE_INTEGER;

/** Behaviour that every job store shows; `open` gives an empty one before each test. */
export function describeJobStore(
  name: string,
  { open, close }: { readonly open: () => Promise<JobStore>; readonly close: () => Promise<void> },
): void {
  describe(`job store: ${name}`, () => {
    let store: JobStore;
    beforeEach(async () => {
      store = await open();
    });
    afterAll(close);

    const accept = async (changes: Partial<QueuedJob> = {}) => (await store.submit(sampleJob(changes), roomy)).job;
    const acceptFor = (userId: string) => accept({ requester: sampleRequester(userId) });
    const claim = async (now = times.now): Promise<DrawingJob> => {
      const job = await store.claim({ ...times, now });
      if (job === null) throw new Error('expected a job to claim');
      return job;
    };
    const drawn = async (changes: Partial<QueuedJob> = {}) => {
      await accept(changes);
      const job = await claim();
      const saved = await store.saveDrawn(job, sampleDrawing(job.id), times.now + 1);
      if (saved === null) throw new Error('expected the drawing to be saved');
      return saved;
    };
    const refusal = async (job: QueuedJob, limits: Partial<IntakeLimits>) => {
      const error = await store.submit(job, { ...roomy, ...limits }).catch((caught: unknown) => caught);
      if (!(error instanceof LimitError)) throw new Error('expected a LimitError', { cause: error });
      return error;
    };

    describe('intake', () => {
      it('gives back a job as it was submitted', async () => {
        const job = sampleJob({
          request: {
            ...sampleRequest,
            prompt: 'a boat, "quoted", \\ 한국어 🛶\n{}',
            init: { picture: pictureKey(sampleJob().id, 2), strength: 0.35, mask: uploadKey(randomUUID()) },
            control: { picture: uploadKey(randomUUID()), kind: 'depth', scale: 0.75 },
            loraScale: 1.25,
            speed: 'cached',
            derivedFrom: { job: sampleJob().id, index: null },
            style: 'woodcut',
            guidanceScale: 7.25,
          },
        });
        expect(await store.submit(job, roomy)).toEqual({ job, created: true });
        expect(await store.get(job.id)).toEqual(job);
      });

      it('returns the first job when the same key comes again, also at once, also over the limits', async () => {
        const job = sampleJob({ idempotencyKey: 'event-1' });
        const answers = await Promise.all(
          Array.from({ length: 11 }, () => store.submit({ ...job, id: sampleJob().id }, roomy)),
        );
        expect(answers.filter(({ created }) => created)).toHaveLength(1);
        expect(new Set(answers.map((answer) => answer.job.id)).size).toBe(1);
        const again = await store.submit({ ...job, id: sampleJob().id }, { ...roomy, maxQueue: 1 });
        expect(again.created).toBe(false);
      });

      it('keeps the same key of two people apart', async () => {
        await accept({ idempotencyKey: 'mine' });
        const other = await store.submit(
          sampleJob({ idempotencyKey: 'mine', requester: sampleRequester('grace') }),
          roomy,
        );
        expect(other.created).toBe(true);
      });

      it('refuses a job when the queue is full, exactly at the bound', async () => {
        const results = await Promise.allSettled(
          Array.from({ length: 8 }, () => store.submit(sampleJob(), { ...roomy, maxQueue: 5 })),
        );
        expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(5);
        expect(await refusal(sampleJob(), { maxQueue: 5 })).toMatchObject({ code: 'queue_full', retryAfterMs: 60_000 });
      });

      it('refuses one more unfinished job of a person, and counts those being drawn', async () => {
        await accept();
        await claim();
        await accept();
        expect(await refusal(sampleJob(), { maxJobsPerUser: 2 })).toMatchObject({ code: 'too_many_jobs' });
        const other = sampleJob({ requester: sampleRequester('grace') });
        await expect(store.submit(other, { ...roomy, maxJobsPerUser: 2 })).resolves.toMatchObject({ created: true });
      });

      it('refuses pictures over the quota of the day, and says when there is room again', async () => {
        const limits = { dailyImagesPerUser: 8 };
        await accept({ createdAt: 10_000 });
        await accept({ createdAt: 20_000 });
        const error = await refusal(sampleJob({ createdAt: 30_000 }), limits);
        expect(error).toMatchObject({ code: 'daily_quota', retryAfterMs: dayMs - 20_000 });
        const later = sampleJob({ createdAt: 10_000 + dayMs });
        await expect(store.submit(later, { ...roomy, ...limits })).resolves.toMatchObject({ created: true });
      });

      it('gives the quota back for failed jobs and for those cancelled while they waited, not while drawn', async () => {
        const limits = { dailyImagesPerUser: 4 };
        const waiting = await accept();
        await store.cancel(waiting.id, times.now);
        await accept();
        await store.saveFailed(await claim(), failure, times.now);
        await accept();
        const running = await claim();
        await store.cancel(running.id, times.now);
        expect(await refusal(sampleJob(), limits)).toMatchObject({ code: 'daily_quota' });
      });

      it('does not give the quota back for a removed result, nor to somebody who asked to be forgotten', async () => {
        const limits = { dailyImagesPerUser: 4 };
        const { id } = await drawn();
        await store.remove(id);
        expect(await refusal(sampleJob(), limits)).toMatchObject({ code: 'daily_quota' });
        await store.removeOwner(ownerOf(sampleRequester()));
        expect(await refusal(sampleJob(), limits)).toMatchObject({ code: 'daily_quota' });
      });

      it('takes those who come at once in the order in which they came', async () => {
        const people = ['grace', 'ada', 'grace', 'linus', 'ada', 'grace'];
        const accepted = await Promise.all(people.map(acceptFor));
        const claimed = [];
        for (const _ of people) claimed.push((await claim()).id);
        expect(claimed).toEqual([0, 1, 3, 2, 4, 5].map((index) => accepted[index]?.id));
      });

      it('counts those who came just before in the same moment', async () => {
        const limits = { ...roomy, maxJobsPerUser: 2, dailyImagesPerUser: 4 * sampleRequest.count };
        const submit = (userId: string) => store.submit(sampleJob({ requester: sampleRequester(userId) }), limits);
        const results = await Promise.allSettled(['ada', 'ada', 'grace', 'ada', 'ada', 'grace'].map(submit));
        expect(results.map(({ status }) => status === 'fulfilled')).toEqual([true, true, true, false, false, true]);
        expect((await store.counts()).waiting).toBe(4);
      });

      it('remembers the message that shows a job', async () => {
        const { id } = await accept();
        await store.setReplyMessage(id, 'message-1');
        expect((await store.get(id))?.replyTo.message).toBe('message-1');
        expect(await store.setReplyMessage(sampleJob().id, 'message-1')).toBeNull();
      });
    });

    describe('order', () => {
      it('takes turns between people, however many jobs one of them sends', async () => {
        const order: string[] = [];
        for (const userId of ['ada', 'ada', 'ada', 'grace', 'grace', 'mary']) await acceptFor(userId);
        for (let index = 0; index < 6; index++) order.push((await claim()).requester.userId);
        expect(order).toEqual(['ada', 'grace', 'mary', 'ada', 'grace', 'ada']);
      });

      it('claims in exactly the order that it shows', async () => {
        for (const userId of ['a', 'b', 'a', 'c', 'a', 'b', 'd', 'a', 'c']) await acceptFor(userId);
        await claim();
        await acceptFor('e');
        await acceptFor('a');
        const interrupted = await claim();
        await store.putBack(interrupted, { notBefore: 0, setback: false });
        const shown = fairOrder(await store.waiting()).map(({ job }) => job.id);
        const claimed: string[] = [];
        for (let job = await store.claim(times); job !== null; job = await store.claim(times)) claimed.push(job.id);
        expect(claimed).toEqual(shown);
        expect(claimed[0]).toBe(interrupted.id);
      });

      it('puts somebody who comes back to the end of the line of people', async () => {
        const first = await acceptFor('ada');
        await acceptFor('grace');
        await store.cancel(first.id, times.now);
        await acceptFor('ada');
        expect((await claim()).requester.userId).toBe('grace');
        expect((await claim()).requester.userId).toBe('ada');
      });

      it('never gives one job to two who claim at once', async () => {
        for (let index = 0; index < 12; index++) await acceptFor(`user-${index % 3}`);
        const claimed = await Promise.all(Array.from({ length: 20 }, () => store.claim(times)));
        const ids = claimed.flatMap((job) => (job === null ? [] : [job.id]));
        expect(ids).toHaveLength(12);
        expect(new Set(ids).size).toBe(12);
      });

      it('holds a job that was put back until it is due, at the front', async () => {
        await acceptFor('ada');
        await acceptFor('grace');
        const job = await claim();
        await store.putBack(job, { notBefore: times.now + 500, setback: true });
        expect((await claim()).requester.userId).toBe('grace');
        expect(await store.claim(times)).toBeNull();
        const again = await claim(times.now + 500);
        expect(again).toMatchObject({ id: job.id, attempt: 2, startedAt: times.now + 500 });
      });
    });

    describe('attempts', () => {
      it('begins a waiting job', async () => {
        const job = await accept();
        expect(await claim()).toEqual({ ...job, state: 'drawing', attempt: 1, startedAt: times.now });
        expect(await store.drawing()).toHaveLength(1);
        expect(await store.claim(times)).toBeNull();
      });

      it('keeps a drawing, and counts its pictures for good', async () => {
        const job = await drawn();
        expect(await store.get(job.id)).toEqual(job);
        expect(job).toMatchObject({ state: 'drawn', drawnAt: times.now + 1, drawing: sampleDrawing(job.id) });
        await store.remove(job.id);
        expect(await store.counts()).toEqual({ waiting: 0, drawing: 0, drawnPictures: 4 });
      });

      it('keeps a failure', async () => {
        await accept();
        const job = await claim();
        const failed = await store.saveFailed(job, failure, times.now + 5);
        expect(failed).toMatchObject({ state: 'failed', failure, endedAt: times.now + 5 });
        expect(await store.get(job.id)).toEqual(failed);
      });

      it('refuses every write of an attempt that another one has followed', async () => {
        await accept();
        const first = await claim();
        await store.putBack(first, { notBefore: 0, setback: false });
        const second = await claim();
        expect(await store.renew(first, times)).toBe(false);
        expect(await store.saveDrawn(first, sampleDrawing(first.id), times.now)).toBeNull();
        expect(await store.saveFailed(first, failure, times.now)).toBeNull();
        expect(await store.putBack(first, { notBefore: 0, setback: true })).toBeNull();
        expect(await store.renew(second, times)).toBe(true);
        expect((await store.get(first.id))?.state).toBe('drawing');
      });

      it('refuses every write of an attempt that was cancelled or removed', async () => {
        await accept();
        const cancelled = await claim();
        await store.cancel(cancelled.id, times.now);
        expect(await store.renew(cancelled, times)).toBe(false);
        expect(await store.saveDrawn(cancelled, sampleDrawing(cancelled.id), times.now)).toBeNull();
        await accept();
        const removed = await claim();
        await store.remove(removed.id);
        expect(await store.saveDrawn(removed, sampleDrawing(removed.id), times.now)).toBeNull();
      });

      it('changes what is drawn, for the attempt that draws it only', async () => {
        await accept();
        const job = await claim();
        const request = { ...job.request, model: 'another "model"', size: { width: 8, height: 8 } };
        expect(await store.changeRequest(job, request)).toEqual({ ...job, request });
        expect(await store.get(job.id)).toEqual({ ...job, request });
        expect(await store.changeRequest({ id: job.id, attempt: 2 }, job.request)).toBeNull();
        await store.putBack(job, { notBefore: 0, setback: false });
        expect(await store.changeRequest(job, job.request)).toBeNull();
        expect((await store.get(job.id))?.request).toEqual(request);
      });

      it('counts setbacks', async () => {
        await accept();
        const job = await claim();
        expect((await store.putBack(job, { notBefore: 0, setback: true }))?.setbacks).toBe(1);
        expect((await store.putBack(await claim(), { notBefore: 0, setback: false }))?.setbacks).toBe(1);
        expect(await store.setbacks(job.id)).toBe(1);
        expect(await store.setbacks(sampleJob().id)).toBe(0);
      });

      it('takes over only drawings whose lease has ended', async () => {
        await acceptFor('ada');
        await acceptFor('grace');
        const left = await claim();
        const alive = await claim();
        const later = times.now + times.leaseMs + 1;
        await store.renew(alive, { ...times, now: later });
        const reclaimed = await store.reclaim({ now: later, all: false, maxInterruptions: 3, failure });
        expect(reclaimed.map(({ id, state }) => ({ id, state }))).toEqual([{ id: left.id, state: 'queued' }]);
        expect(await store.setbacks(left.id)).toBe(0);
      });

      it('takes over all drawings of a process that is gone, and fails one that was interrupted too often', async () => {
        await accept();
        const reclaim = () => store.reclaim({ now: times.now, all: true, maxInterruptions: 2, failure });
        await claim();
        expect(await reclaim()).toMatchObject([{ state: 'queued' }]);
        await claim();
        expect(await reclaim()).toMatchObject([{ state: 'failed', failure }]);
        expect(await reclaim()).toEqual([]);
      });

      it('cancels waiting and running jobs, and leaves ended ones alone', async () => {
        const waiting = await accept();
        expect(await store.cancel(waiting.id, 5)).toMatchObject({
          was: 'queued',
          job: { state: 'cancelled', endedAt: 5 },
        });
        await accept();
        const running = await claim();
        expect(await store.cancel(running.id, 6)).toMatchObject({ was: 'drawing', job: { state: 'cancelled' } });
        expect(await store.cancel(running.id, 7)).toMatchObject({ was: 'cancelled', job: { endedAt: 6 } });
        const result = await drawn();
        expect(await store.cancel(result.id, 8)).toEqual({ was: 'drawn', job: result });
        expect(await store.cancel(sampleJob().id, 9)).toBeNull();
        expect(await store.claim(times)).toBeNull();
      });
    });

    describe('endings', () => {
      it('has a drawn job told once', async () => {
        const job = await drawn();
        const telling = await store.claimEnding('web', times);
        expect(telling).toEqual({ job, attempt: 1 });
        expect(await store.claimEnding('web', times)).toBeNull();
        if (telling === null) throw new Error('expected a telling');
        const told = await store.saveTold(telling, 'message-1', 77);
        const { state: _, ...rest } = job;
        expect(told).toEqual({ ...rest, state: 'delivered', deliveredAt: 77, message: 'message-1' });
        expect(await store.get(job.id)).toEqual(told);
        expect(await store.claimEnding('web', { ...times, now: untilLater })).toBeNull();
      });

      it('has failed and cancelled jobs told once, and they stay what they are', async () => {
        const { id } = await accept();
        await store.cancel(id, times.now);
        await accept();
        await store.saveFailed(await claim(), failure, times.now + 1);
        const states: string[] = [];
        for (let n = 0; n < 2; n++) {
          const telling = await store.claimEnding('web', times);
          if (telling === null) throw new Error('expected a telling');
          states.push((await store.saveTold(telling, null, times.now))?.state ?? 'none');
        }
        expect(states).toEqual(['cancelled', 'failed']);
        expect(await store.claimEnding('web', { ...times, now: untilLater })).toBeNull();
      });

      it('gives a platform only its own endings', async () => {
        await drawn();
        expect(await store.claimEnding('slack', times)).toBeNull();
      });

      it('tells again when a telling was postponed, or when nobody renewed it', async () => {
        await drawn();
        const first = await store.claimEnding('web', times);
        if (first === null) throw new Error('expected a telling');
        await store.postponeTelling(first, times.now + 100);
        expect(await store.claimEnding('web', times)).toBeNull();
        const second = await store.claimEnding('web', { ...times, now: times.now + 100 });
        expect(second?.attempt).toBe(2);
        const third = await store.claimEnding('web', { ...times, now: times.now + 101 + times.leaseMs });
        expect(third?.attempt).toBe(3);
        expect(await store.saveTold(first, null, times.now)).toBeNull();
        await store.postponeTelling(first, 0);
        await store.giveUpTelling(first);
        if (third === null) throw new Error('expected a telling');
        expect((await store.saveTold(third, null, times.now))?.state).toBe('delivered');
      });

      it('tells again at once after a restart', async () => {
        await drawn();
        await store.claimEnding('web', times);
        await store.reclaimEndings();
        expect((await store.claimEnding('web', times))?.attempt).toBe(2);
      });

      it('never tells what was given up, and keeps its pictures', async () => {
        const { id } = await drawn();
        const telling = await store.claimEnding('web', times);
        if (telling === null) throw new Error('expected a telling');
        await store.giveUpTelling(telling);
        expect(await store.claimEnding('web', { ...times, now: untilLater })).toBeNull();
        expect((await store.get(id))?.state).toBe('drawn');
      });
    });

    describe('archive', () => {
      const owner = ownerOf(sampleRequester());
      const ids = (jobs: readonly Job[]) => jobs.map(({ id }) => id);

      it('shows results newest first, in pages, to their owner only', async () => {
        const results: Job[] = [];
        for (let n = 0; n < 5; n++) results.unshift(await drawn({ createdAt: 1_000 + n }));
        await accept({ createdAt: 2_000 });
        expect(ids(await store.history(owner, { limit: 3, before: untilLater }))).toEqual(ids(results.slice(0, 3)));
        expect(ids(await store.history(owner, { limit: 3, before: 1_002 }))).toEqual(ids(results.slice(3)));
        expect(await store.history(ownerOf(sampleRequester('grace')), { limit: 3, before: untilLater })).toEqual([]);
      });

      it('finds what is shown in a message or in a thread, the newest first', async () => {
        const place = { platform: 'slack', workspace: 'T1', channel: 'C1' } as const;
        const thread = { ...place, thread: '1.0', message: '1.5', ageRestricted: true };
        const first = await drawn({ createdAt: 1_000, replyTo: thread });
        const newest = await drawn({ createdAt: 1_001, replyTo: { ...thread, message: null } });
        const told = await store.claimEnding('slack', times);
        if (told === null) throw new Error('expected an ending to tell');
        await store.saveTold(told, '2.0', times.now);
        await drawn({ createdAt: 1_002, replyTo: { ...thread, workspace: 'T2' } });
        await accept({ createdAt: 1_003, replyTo: thread });
        expect((await store.shownIn(place, { thread: '1.0' }))?.id).toBe(newest.id);
        expect((await store.shownIn(place, { message: '1.5' }))?.id).toBe(first.id);
        expect((await store.shownIn(place, { message: '2.0' }))?.id).toBe(told.job.id);
        expect(await store.shownIn(place, { message: '1.0' })).toBeNull();
        expect(await store.shownIn({ ...place, channel: 'C2' }, { thread: '1.0' })).toBeNull();
        expect((await store.get(first.id))?.replyTo.ageRestricted).toBe(true);
      });

      it('shows recent jobs in any state', async () => {
        const result = await drawn({ createdAt: 1_000 });
        const waiting = await accept({ createdAt: 1_001 });
        expect(ids(await store.recent(owner, { limit: 9, before: untilLater }))).toEqual([waiting.id, result.id]);
        expect(ids(await store.recent(owner, { limit: 9, before: 1_001 }))).toEqual([result.id]);
      });

      it('removes a job', async () => {
        const job = await drawn();
        expect(await store.remove(job.id)).toEqual(job);
        expect(await store.get(job.id)).toBeNull();
        expect(await store.remove(job.id)).toBeNull();
        expect(await store.claimEnding('web', times)).toBeNull();
      });

      it('removes everything of a person, and nothing of others', async () => {
        const result = await drawn();
        const waiting = await accept();
        const others = await acceptFor('grace');
        const key = uploadKey(randomUUID());
        await store.addUpload(key, owner, times.now);
        await store.saveSettings(owner, { count: 2 });
        const removed = await store.removeOwner(owner);
        expect(ids(removed.jobs).sort()).toEqual([result.id, waiting.id].sort());
        expect(removed.uploads).toEqual([key]);
        expect(await store.recent(owner, { limit: 9, before: untilLater })).toEqual([]);
        expect(await store.settings(owner)).toEqual({});
        expect(await store.get(others.id)).toEqual(others);
        expect((await claim()).id).toBe(others.id);
      });

      it('removes ended jobs and unused uploads that are too old, with their pictures', async () => {
        const old = await drawn({ createdAt: 1_000 });
        const young = await drawn({ createdAt: 3_000 });
        const waiting = await accept({ createdAt: 1_000 });
        const unused = uploadKey(randomUUID());
        const used = uploadKey(randomUUID());
        await store.addUpload(unused, owner, 1_000);
        await store.addUpload(used, owner, 1_000);
        await accept({
          createdAt: 3_000,
          request: { ...sampleRequest, init: { picture: used, strength: 0.5, mask: null } },
        });
        const removed = await store.removeOlder(2_000, 10);
        expect(removed.jobs).toBe(1);
        expect([...removed.pictures].sort()).toEqual([...old.drawing.pictures.map(({ key }) => key), unused].sort());
        expect(await store.get(old.id)).toBeNull();
        expect(await store.get(young.id)).not.toBeNull();
        expect(await store.get(waiting.id)).not.toBeNull();
        expect(await store.removeOlder(2_000, 10)).toEqual({ jobs: 0, pictures: [] });
      });

      it('removes no more than it was told at once', async () => {
        for (let n = 0; n < 3; n++) await drawn({ createdAt: 1_000 + n });
        expect((await store.removeOlder(9_000, 2)).jobs).toBe(2);
        expect((await store.removeOlder(9_000, 2)).jobs).toBe(1);
      });

      it('knows which pictures belong to something', async () => {
        const { id } = await drawn();
        const upload = uploadKey(randomUUID());
        await store.addUpload(upload, owner, times.now);
        const orphans: PictureKey[] = [pictureKey(sampleJob().id, 0), uploadKey(randomUUID())];
        const known = await store.knownPictures([pictureKey(id, 3), upload, ...orphans]);
        expect([...known].sort()).toEqual([pictureKey(id, 3), upload].sort());
        expect(await store.knownPictures([])).toEqual(new Set());
      });
    });

    describe('memory', () => {
      it('keeps settings', async () => {
        const owner = ownerOf(sampleRequester());
        expect(await store.settings(owner)).toEqual({});
        const settings = { count: 2, style: null, size: { width: 768, height: 512 }, scheduler: 'euler' } as const;
        await store.saveSettings(owner, { steps: 3 });
        await store.saveSettings(owner, settings);
        expect(await store.settings(owner)).toEqual(settings);
      });

      it('keeps estimates', async () => {
        await store.saveEstimate('tiny 512x512 text', { fixedMs: 1, stepMs: 2, samples: 1 });
        await store.saveEstimate('tiny 512x512 text', { fixedMs: 1.5, stepMs: 2.25, samples: 2 });
        expect([...(await store.estimates())]).toEqual([
          ['tiny 512x512 text', { fixedMs: 1.5, stepMs: 2.25, samples: 2 }],
        ]);
      });
    });
  });
}
