import type { EngineDescription, ModelDescription } from '../src/engines/image-engine.ts';
import { unknownWords } from '../src/engines/unknown-words.ts';
import type { DrawRequest, FinishedJob } from '../src/jobs/job.ts';
import { shownPictures } from '../src/jobs/showing.ts';
import { applyStyle } from '../src/jobs/styles.ts';
import type { Messages } from '../src/messages/messages.ts';

/** Groups of a vocabulary that name nothing to look at. */
const wordlessGroups = new Set(['glue', 'count', 'position', 'style']);
/** How a group that is a single thing lists it. */
const presence = 'yes';

/** What a model with a closed vocabulary can draw, group by group; null for one that draws anything. */
export function canDraw({ vocabulary }: ModelDescription): readonly string[] | null {
  if (vocabulary === null) return null;
  return Object.entries(vocabulary)
    .filter(([group, words]) => !wordlessGroups.has(group) && words.length > 0)
    .map(([group, words]) => words.map((word) => (word === presence ? group : word)).join(', '));
}

/** Notes for the asker before anything is drawn: a prompt of which the model knows no word. */
export function promptNotes(request: DrawRequest, engine: EngineDescription, messages: Messages): readonly string[] {
  const model = engine.models.find(({ id }) => id === request.model);
  const [things] = (model && canDraw(model)) ?? [];
  // The vocabulary alone has no synonyms: "a ship at sunset" would seem strange to it.
  if (model?.knownWords === undefined || things === undefined) return [];
  // Against an empty vocabulary every word that carries meaning is unknown.
  const meaningful = unknownWords(request.prompt, {});
  const strange = unknownWords(request.prompt, model.knownWords);
  return meaningful.length > 0 && strange.length === meaningful.length ? [messages.note.nothingKnown(things)] : [];
}

/** Notes beside finished pictures: what is withheld, words the model has never seen, a resize that was no drawing. */
export function drawingNotes(
  job: Pick<FinishedJob, 'request' | 'drawing' | 'replyTo'>,
  engine: EngineDescription,
  messages: Messages,
): readonly string[] {
  const { request, drawing } = job;
  const count = drawing.pictures.length;
  const withheld = count - shownPictures(job).length;
  const model = engine.models.find(({ id }) => id === request.model);
  const [things] = (model && canDraw(model)) ?? [];
  // A style's words are ours, not the asker's.
  const ours = new Set(unknownWords(applyStyle('', request.style), {}));
  const strange = drawing.unknownWords.filter((word) => !ours.has(word));
  return [
    ...(withheld === 0 ? [] : [messages.note.withheld(withheld, count)]),
    ...(things !== undefined && strange.length > 0 ? [messages.note.unknownWords(strange, things)] : []),
    ...(drawing.resized ? [messages.note.resized] : []),
  ];
}
