import type { Output } from '../../../src/platforms/terminal/output.ts';

/** A stream that keeps what was written to it. */
export function recordOutput(kind: Pick<Output, 'isTTY' | 'columns'> = {}): Output & { text(): string } {
  let written = '';
  return {
    ...kind,
    write: (text) => {
      written += text;
    },
    text: () => written,
  };
}
