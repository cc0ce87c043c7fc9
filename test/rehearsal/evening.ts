import { type Cast, gatherCast } from './cast.ts';
import type { Narrator } from './narrator.ts';
import { createRequests, type Requests } from './requests.ts';
import { acceptedJobs, complaintsAbout } from './roll-call.ts';
import { playButtons } from './scenes/buttons.ts';
import { playCancel } from './scenes/cancel.ts';
import { playCrash } from './scenes/crash.ts';
import { playDuplicates } from './scenes/duplicates.ts';
import { playOpening } from './scenes/opening.ts';
import { playReplies } from './scenes/replies.ts';
import type { Stage } from './stage.ts';

export interface EveningOptions {
  /** Of each drawing; fewer are quicker and look worse. @default 16 */
  readonly steps: number;
}

/** What a scene is played with. */
export interface Play extends EveningOptions {
  readonly stage: Stage;
  readonly cast: Cast;
  readonly narrator: Narrator;
  readonly requests: Requests;
}

export interface Evening {
  readonly cast: Cast;
  /** Drawings that were asked for, the cancelled ones among them. */
  readonly asked: number;
}

/** Plays the whole evening on an open stage; throws a sentence as soon as something is not as it should be. */
export async function playEvening(
  stage: Stage,
  narrator: Narrator,
  options: EveningOptions = { steps: 16 },
): Promise<Evening> {
  const cast = gatherCast(stage);
  const requests = createRequests(narrator);
  const play: Play = { ...options, stage, cast, narrator, requests };
  await stage.startBot();
  narrator.tell({ where: null, kind: 'said', text: 'Quartet is ready on both platforms' });

  const results = await playOpening(play);
  stage.pass(3);
  await playReplies(play, results);
  stage.pass(4);
  await playDuplicates(play);
  stage.pass(3);
  await playCancel(play, results);
  stage.pass(5);
  await playCrash(play);
  stage.pass(2);
  await playButtons(play, results);

  await stage.endBot('SIGTERM');
  const complaints = complaintsAbout(stage, await acceptedJobs(stage.dataDir), requests.all.length);
  if (complaints.length > 0) throw new Error(complaints.join('\n'));
  narrator.tell({
    where: null,
    kind: 'answered',
    text: `${requests.all.length} drawings were asked for, and each was answered exactly once`,
  });
  return { cast, asked: requests.all.length };
}
