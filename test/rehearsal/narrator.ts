/** Where something happened; null = with the bot itself. */
export type Where = 'Discord' | 'Slack' | null;

/** One line of what happened. */
export interface Line {
  /** Milliseconds since 1970, on the platforms' clocks. */
  readonly at: number;
  readonly where: Where;
  /** `trouble` is what the bot had to cope with. */
  readonly kind: 'said' | 'answered' | 'trouble';
  readonly text: string;
}

/** Tells what happens while it happens, and keeps it for the page. */
export interface Narrator {
  tell(line: Omit<Line, 'at'>): void;
  readonly lines: readonly Line[];
}

const marks = { said: ' ', answered: '✓', trouble: '!' } as const satisfies Record<Line['kind'], string>;

export function createNarrator(now: () => number, write: (line: string) => void): Narrator {
  const lines: Line[] = [];
  return {
    lines,
    tell(line) {
      const told = { ...line, at: now() };
      lines.push(told);
      write(`${clockTime(told.at)}  ${(told.where ?? '').padEnd(7)} ${marks[told.kind]} ${told.text}`);
    },
  };
}

/** As in 19:05, in the time zone of whoever rehearses. */
export function clockTime(ms: number): string {
  return new Date(ms).toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit' });
}
