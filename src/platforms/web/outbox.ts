/** One event for the page; a newer one with the same key replaces it while it waits. */
export interface PageEvent {
  readonly event: 'snapshot' | 'job' | 'removed' | 'status';
  readonly key: string;
  readonly data: unknown;
}

/** What one open stream has still to be sent: bounded by its keys, however slow the browser reads. */
export class Outbox {
  readonly #pending = new Map<string, PageEvent>();
  #wake: (() => void) | null = null;
  #closed = false;

  put(event: PageEvent): void {
    if (this.#closed) return;
    // Deleting first moves the key to the end: the newest word about a job never overtakes an older event's place.
    this.#pending.delete(event.key);
    this.#pending.set(event.key, event);
    this.#wake?.();
  }

  /** The next event in order; null after `waitMs` without one; undefined once closed. */
  async take(waitMs: number): Promise<PageEvent | null | undefined> {
    if (this.#pending.size === 0 && !this.#closed) await this.#wait(waitMs);
    if (this.#closed) return undefined;
    const first = this.#pending.values().next().value;
    if (first === undefined) return null;
    this.#pending.delete(first.key);
    return first;
  }

  close(): void {
    this.#closed = true;
    this.#pending.clear();
    this.#wake?.();
  }

  #wait(waitMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, waitMs);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
