/** How a terminal can show a picture; null for not at all. */
export type PictureProtocol = 'kitty' | 'iterm' | 'sixel' | 'truecolor' | 'colours-256' | null;

/**
 * Judged by the environment alone: asking the terminal would hang where nothing answers.
 * Inside tmux and screen only colours get through.
 */
export function pictureProtocol(environment: Readonly<Record<string, string | undefined>>): PictureProtocol {
  const term = environment.TERM ?? '';
  const program = environment.TERM_PROGRAM ?? '';
  if (term === 'dumb') return null;
  const isMultiplexed = environment.TMUX !== undefined || /^(screen|tmux)/.test(term);
  if (!isMultiplexed) {
    if (environment.KITTY_WINDOW_ID !== undefined || /kitty|ghostty/i.test(`${term} ${program}`)) return 'kitty';
    if (/^(iTerm\.app|WezTerm)$/.test(program) || environment.LC_TERMINAL === 'iTerm2') return 'iterm';
    if (/^(foot|contour|mlterm|yaft)|sixel/.test(term) || program === 'mintty') return 'sixel';
  }
  if (environment.NO_COLOR) return null;
  if (/^(truecolor|24bit)$/.test(environment.COLORTERM ?? '') || term.endsWith('-direct')) return 'truecolor';
  return term.includes('256color') ? 'colours-256' : null;
}
