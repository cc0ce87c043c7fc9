import type { Estimate } from '../../src/jobs/estimates.ts';
import { fairOrder } from '../../src/jobs/fair-order.ts';
import { checkIntake, quotaWindowMs } from '../../src/jobs/intake-limits.ts';
import type { FailedJob, FinishedJob, Job, JobId, PictureKey, QueuedJob } from '../../src/jobs/job.ts';
import type { DrawingLease, JobStore, WaitingJob } from '../../src/jobs/job-store.ts';
import type { UserSettings } from '../../src/jobs/jobs.ts';
import { type Owner, ownerOf, quotaKeyOf } from '../../src/jobs/owner.ts';
import { picturesNeeded } from '../../src/jobs/request-pictures.ts';
import {
  beginDrawing,
  cancelJob,
  failJob,
  finishDrawing,
  hasPictures,
  isUnfinished,
  markDelivered,
  putBack,
} from '../../src/jobs/transitions.ts';

interface Entry {
  job: Job;
  readonly owner: Owner;
  readonly position: number;
  setbacks: number;
  interruptions: number;
  notBefore: number;
  leaseUntil: number;
  telling: 'no' | 'due' | 'told' | 'undeliverable';
  tellingAttempt: number;
  tellingNotBefore: number;
  tellingLeaseUntil: number;
}

/** A whole job store without a disk: passes the same contract as the real ones. */
export function createMemoryJobStore(): JobStore {
  const entries = new Map<JobId, Entry>();
  const turns = new Map<Owner, number>();
  const uploads = new Map<PictureKey, { readonly owner: Owner; usedAt: number }>();
  const settings = new Map<Owner, UserSettings>();
  const estimates = new Map<string, Estimate>();
  let uses: { job: JobId; key: string; pictures: number; at: number }[] = [];
  let positions = 0;
  let turnNumbers = 0;
  let drawnPictures = 0;

  const all = () => [...entries.values()];
  const giveQuotaBack = (id: JobId) => {
    uses = uses.filter(({ job }) => job !== id);
  };
  const hasFreshWaiting = (owner: Owner) =>
    all().some((entry) => entry.owner === owner && entry.job.state === 'queued' && entry.job.attempt === 0);
  const move = <Next extends Job>(entry: Entry, next: Next): Next => {
    entry.job = next;
    entry.telling =
      next.state === 'delivered' ? 'told' : next.state === 'queued' || next.state === 'drawing' ? 'no' : 'due';
    return next;
  };
  const held = ({ id, attempt }: DrawingLease): Entry | null => {
    const entry = entries.get(id);
    return entry?.job.state === 'drawing' && entry.job.attempt === attempt ? entry : null;
  };
  const waiting = (): WaitingJob[] =>
    all().flatMap(({ job, owner, position }) =>
      job.state === 'queued' ? [{ job, owner, position, turn: turns.get(owner) ?? 0, resumed: job.attempt > 0 }] : [],
    );
  const newestFirst = (owner: Owner, before: number) =>
    all()
      .filter((entry) => entry.owner === owner && entry.job.createdAt < before)
      .sort((a, b) => b.job.createdAt - a.job.createdAt || b.position - a.position)
      .map(({ job }) => job);

  return {
    async submit(job, limits) {
      const owner = ownerOf(job.requester);
      const first = all().find((entry) => entry.owner === owner && entry.job.idempotencyKey === job.idempotencyKey);
      if (first !== undefined) return { job: first.job, created: false };
      const since = job.createdAt - quotaWindowMs;
      const own = uses.filter(({ key, at }) => key === quotaKeyOf(owner) && at > since);
      checkIntake(
        {
          waiting: waiting().length,
          own: all().filter((entry) => entry.owner === owner && isUnfinished(entry.job)).length,
          uses: own.toSorted((a, b) => a.at - b.at),
          wanted: job.request.count,
          now: job.createdAt,
        },
        limits,
      );
      if (!hasFreshWaiting(owner)) turns.set(owner, ++turnNumbers);
      entries.set(job.id, {
        job,
        owner,
        position: ++positions,
        setbacks: 0,
        interruptions: 0,
        notBefore: 0,
        leaseUntil: 0,
        telling: 'no',
        tellingAttempt: 0,
        tellingNotBefore: 0,
        tellingLeaseUntil: 0,
      });
      uses.push({ job: job.id, key: quotaKeyOf(owner), pictures: job.request.count, at: job.createdAt });
      for (const picture of picturesNeeded(job.request)) {
        const upload = uploads.get(picture);
        if (upload !== undefined) upload.usedAt = job.createdAt;
      }
      return { job, created: true };
    },

    async setReplyMessage(id, message) {
      const entry = entries.get(id);
      if (entry === undefined) return null;
      entry.job = { ...entry.job, replyTo: { ...entry.job.replyTo, message } };
      return entry.job;
    },

    async claim({ now, leaseMs }) {
      const due = waiting().filter(({ job }) => (entries.get(job.id)?.notBefore ?? 0) <= now);
      const entry = entries.get(fairOrder(due)[0]?.job.id ?? ('' as JobId));
      if (entry === undefined) return null;
      const wasFresh = entry.job.attempt === 0;
      const drawing = move(entry, beginDrawing(entry.job, now));
      entry.leaseUntil = now + leaseMs;
      if (wasFresh && hasFreshWaiting(entry.owner)) turns.set(entry.owner, ++turnNumbers);
      return drawing;
    },

    async renew(lease, { now, leaseMs }) {
      const entry = held(lease);
      if (entry !== null) entry.leaseUntil = now + leaseMs;
      return entry !== null;
    },

    async changeRequest(lease, request) {
      const entry = held(lease);
      if (entry?.job.state !== 'drawing') return null;
      const changed = { ...entry.job, request };
      entry.job = changed;
      return changed;
    },

    async putBack(lease, { notBefore, setback }) {
      const entry = held(lease);
      if (entry === null) return null;
      entry.notBefore = notBefore;
      if (setback) entry.setbacks += 1;
      return { job: move(entry, putBack(entry.job)), setbacks: entry.setbacks };
    },

    async saveDrawn(lease, drawing, now) {
      const entry = held(lease);
      if (entry === null) return null;
      drawnPictures += drawing.pictures.length;
      return move(entry, finishDrawing(entry.job, drawing, now));
    },

    async saveFailed(lease, failure, now) {
      const entry = held(lease);
      if (entry === null) return null;
      giveQuotaBack(lease.id);
      return move(entry, failJob(entry.job, failure, now));
    },

    async setbacks(id) {
      return entries.get(id)?.setbacks ?? 0;
    },

    async reclaim({ now, all: everything, maxInterruptions, failure }) {
      const left = all().filter(({ job, leaseUntil }) => job.state === 'drawing' && (everything || leaseUntil < now));
      return left.map((entry): QueuedJob | FailedJob => {
        entry.interruptions += 1;
        entry.notBefore = 0;
        if (entry.interruptions < maxInterruptions) return move(entry, putBack(entry.job));
        giveQuotaBack(entry.job.id);
        return move(entry, failJob(entry.job, failure, now));
      });
    },

    async cancel(id, now) {
      const entry = entries.get(id);
      if (entry === undefined) return null;
      const was = entry.job.state;
      if (was !== 'queued' && was !== 'drawing') return { was, job: entry.job };
      if (was === 'queued') giveQuotaBack(id);
      return { was, job: move(entry, cancelJob(entry.job, now)) };
    },

    async claimEnding(platform, { now, leaseMs }) {
      const endedAt = (job: Job) => (job.state === 'drawn' ? job.drawnAt : 'endedAt' in job ? job.endedAt : 0);
      const entry = all()
        .filter(
          ({ job, telling, tellingNotBefore, tellingLeaseUntil }) =>
            telling === 'due' &&
            job.replyTo.platform === platform &&
            tellingNotBefore <= now &&
            tellingLeaseUntil < now,
        )
        .sort((a, b) => endedAt(a.job) - endedAt(b.job) || a.position - b.position)[0];
      if (entry === undefined) return null;
      const { job } = entry;
      if (job.state !== 'drawn' && job.state !== 'cancelled' && job.state !== 'failed') return null;
      entry.tellingLeaseUntil = now + leaseMs;
      entry.tellingAttempt += 1;
      return { job, attempt: entry.tellingAttempt };
    },

    async saveTold({ job: { id }, attempt }, message, now) {
      const entry = entries.get(id);
      if (entry === undefined || entry.telling !== 'due' || entry.tellingAttempt !== attempt) return null;
      const { job } = entry;
      if (job.state === 'cancelled' || job.state === 'failed') {
        entry.telling = 'told';
        return job;
      }
      return move(entry, markDelivered(job, message, now));
    },

    async postponeTelling({ job, attempt }, notBefore) {
      const entry = entries.get(job.id);
      if (entry?.telling !== 'due' || entry.tellingAttempt !== attempt) return;
      entry.tellingNotBefore = notBefore;
      entry.tellingLeaseUntil = 0;
    },

    async giveUpTelling({ job, attempt }) {
      const entry = entries.get(job.id);
      if (entry?.telling === 'due' && entry.tellingAttempt === attempt) entry.telling = 'undeliverable';
    },

    async reclaimEndings() {
      for (const entry of entries.values()) entry.tellingLeaseUntil = 0;
    },

    async get(id) {
      return entries.get(id)?.job ?? null;
    },
    async waiting() {
      return waiting();
    },
    async drawing() {
      return all()
        .flatMap(({ job }) => (job.state === 'drawing' ? [job] : []))
        .sort((a, b) => a.startedAt - b.startedAt);
    },
    async counts() {
      const count = (state: Job['state']) => all().filter(({ job }) => job.state === state).length;
      return { waiting: count('queued'), drawing: count('drawing'), drawnPictures };
    },
    async history(owner, { limit, before }) {
      return newestFirst(owner, before).filter(hasPictures).slice(0, limit);
    },
    async shownIn({ platform, workspace, channel }, where) {
      const shows = (job: FinishedJob) => {
        const own = job.state === 'delivered' ? job.message : null;
        if ('thread' in where) return job.replyTo.thread === where.thread || own === where.thread;
        return job.replyTo.message === where.message || own === where.message;
      };
      const found = all()
        .filter(({ job: { replyTo } }) => replyTo.platform === platform && replyTo.channel === channel)
        .filter(({ job: { replyTo } }) => replyTo.workspace === workspace)
        .sort((a, b) => b.job.createdAt - a.job.createdAt || b.position - a.position)
        .map(({ job }) => job)
        .filter(hasPictures);
      return found.find(shows) ?? null;
    },
    async recent(owner, { limit, before }) {
      return newestFirst(owner, before).slice(0, limit);
    },
    async remove(id) {
      const job = entries.get(id)?.job ?? null;
      entries.delete(id);
      return job;
    },
    async removeOwner(owner) {
      const own = all().filter((entry) => entry.owner === owner);
      for (const { job } of own) {
        if (job.state === 'queued') giveQuotaBack(job.id);
        entries.delete(job.id);
      }
      const keys = [...uploads].flatMap(([key, upload]) => (upload.owner === owner ? [key] : []));
      for (const key of keys) uploads.delete(key);
      settings.delete(owner);
      turns.delete(owner);
      return { jobs: own.map(({ job }) => job), uploads: keys };
    },
    async removeOlder(cutoff, limit) {
      const jobs = all()
        .map(({ job }) => job)
        .filter((job) => !isUnfinished(job) && job.createdAt < cutoff)
        .slice(0, limit);
      for (const { id } of jobs) entries.delete(id);
      const keys = [...uploads].flatMap(([key, { usedAt }]) => (usedAt < cutoff ? [key] : [])).slice(0, limit);
      for (const key of keys) uploads.delete(key);
      const pictures = jobs.filter(hasPictures).flatMap((job) => job.drawing.pictures.map(({ key }) => key));
      return { jobs: jobs.length, pictures: [...pictures, ...keys] };
    },
    async addUpload(key, owner, now) {
      uploads.set(key, { owner, usedAt: now });
    },
    async knownPictures(keys) {
      const isKnown = (key: PictureKey) => uploads.has(key) || entries.has(key.slice(0, key.indexOf('/')) as JobId);
      return new Set(keys.filter(isKnown));
    },

    async settings(owner) {
      return settings.get(owner) ?? {};
    },
    async saveSettings(owner, values) {
      settings.set(owner, values);
    },
    async estimates() {
      return new Map(estimates);
    },
    async saveEstimate(kind, estimate) {
      estimates.set(kind, estimate);
    },
  };
}
