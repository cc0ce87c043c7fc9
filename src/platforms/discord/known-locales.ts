/** Interactions say which language their author reads, messages do not. */
export interface KnownLocales {
  of(userId: string): string | null;
  learn(userId: string, locale: string): void;
}

const maxKnown = 10_000;

export function createKnownLocales(): KnownLocales {
  const known = new Map<string, string>();
  return {
    of: (userId) => known.get(userId) ?? null,
    learn(userId, locale) {
      // Put last again: those that are forgotten first have been silent for longest.
      known.delete(userId);
      known.set(userId, locale);
      const [oldest] = known.keys();
      if (known.size > maxKnown && oldest !== undefined) known.delete(oldest);
    },
  };
}
