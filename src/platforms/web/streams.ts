import type { Requester } from '../../jobs/job.ts';
import { webLimits } from './limits.ts';
import { Outbox, type PageEvent } from './outbox.ts';

/** All open event streams, by who looks. */
export class Streams {
  readonly #byViewer = new Map<string, { readonly requester: Requester; readonly outboxes: Set<Outbox> }>();
  #count = 0;

  /** A new stream; null where there are too many already. */
  open(requester: Requester): Outbox | null {
    const viewer = this.#byViewer.get(requester.userId) ?? { requester, outboxes: new Set<Outbox>() };
    if (this.#count >= webLimits.maxStreams || viewer.outboxes.size >= webLimits.maxStreamsPerViewer) return null;
    const outbox = new Outbox();
    viewer.outboxes.add(outbox);
    this.#byViewer.set(requester.userId, viewer);
    this.#count += 1;
    return outbox;
  }

  release(requester: Requester, outbox: Outbox): void {
    const viewer = this.#byViewer.get(requester.userId);
    if (!viewer?.outboxes.delete(outbox)) return;
    this.#count -= 1;
    if (viewer.outboxes.size === 0) this.#byViewer.delete(requester.userId);
    outbox.close();
  }

  viewers(): readonly Requester[] {
    return [...this.#byViewer.values()].map(({ requester }) => requester);
  }

  send(userId: string, event: PageEvent): void {
    for (const outbox of this.#byViewer.get(userId)?.outboxes ?? []) outbox.put(event);
  }

  closeAll(): void {
    for (const { requester, outboxes } of this.#byViewer.values()) {
      for (const outbox of outboxes) this.release(requester, outbox);
    }
  }
}
