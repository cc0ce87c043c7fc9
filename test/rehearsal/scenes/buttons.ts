import type { Play } from '../evening.ts';
import type { FirstResults } from './opening.ts';

/** After the restart: old buttons work, foreign ones do not, and what concerns one person only they see. */
export async function playButtons({ cast, narrator }: Play, { lighthouse, boats }: FirstResults) {
  const { minjun, theo } = cast.discord;
  const { seoyeon, jonas, channel } = cast.slack;
  const told = (where: 'Discord' | 'Slack', text: string) => narrator.tell({ where, kind: 'said', text });

  told('Discord', 'Minjun: presses Details under the lighthouse');
  const details = await (await minjun.press(lighthouse.message, 'Details')).shown(30_000);
  if (details.onlyFor !== minjun.user)
    throw new Error('Expected Details to be shown to Minjun alone, others see them.');
  told('Discord', 'Theo: presses Delete under Ana’s lighthouse');
  const refusal = await (await theo.press(lighthouse.message, 'Delete')).shown(30_000);
  if (refusal.onlyFor !== theo.user || lighthouse.message.deleted) {
    throw new Error('Expected Theo to be refused in private, he was not.');
  }
  narrator.tell({ where: 'Discord', kind: 'answered', text: 'Quartet tells each of them alone' });

  told('Slack', 'Seoyeon: /quartet queue');
  await seoyeon.slash(channel, '/quartet', 'queue');
  await cast.slack.venue.until('the queue, for Seoyeon alone', () => seoyeon.notes(channel).length > 0);
  told('Slack', 'Jonas: presses Delete under Maya’s boats');
  const before = jonas.notes(channel).length;
  await jonas.press(boats.message, 'Delete');
  await cast.slack.venue.until('a refusal, for Jonas alone', () => jonas.notes(channel).length > before);
  if (boats.message.deleted) throw new Error('Expected Maya’s boats to stay, Jonas deleted them.');
  narrator.tell({ where: 'Slack', kind: 'answered', text: 'Quartet tells each of them alone' });
}
