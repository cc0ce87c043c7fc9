/** A text as HTML shows it, also inside an attribute. */
export function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}

/** An address as an attribute, where it is one that a page may link to; else a place that leads nowhere. */
export function escapeLink(url: string): string {
  return /^https?:\/\//.test(url) ? escapeHtml(url) : '#';
}
