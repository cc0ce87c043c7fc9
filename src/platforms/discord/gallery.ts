import { type APISectionComponent, ComponentType } from 'discord.js';
import { contactSheet } from '../../images/contact-sheet.ts';
import { decodeStored, fromRgb } from '../../images/stored-picture.ts';
import type { FinishedJob } from '../../jobs/job.ts';
import type { Jobs } from '../../jobs/jobs.ts';
import { openPictures } from '../../jobs/showing.ts';
import { discordMessagesFor } from '../../messages/discord.ts';
import { truncate } from '../../messages/truncate.ts';
import { textDisplay } from './components.ts';
import { settingsLine } from './job-message.ts';
import { discordLimits } from './limits.ts';
import type { OutgoingFile, OutgoingMessage } from './outgoing.ts';
import { messageLink } from './place.ts';
import { quoteText } from './text.ts';

/** Ten results have to fit into what one message may say. */
const maxPromptShown = 80;
const thumbnailEdge = 256;

/** Earlier results: one thumbnail of all its pictures, its prompt and a link for each. */
export async function renderGallery(
  { jobs: shown, text }: { readonly jobs: readonly FinishedJob[]; readonly text: string },
  jobs: Pick<Jobs, 'readPicture'>,
  locale: string,
): Promise<OutgoingMessage> {
  const sheets = await Promise.all(shown.map((job) => sheetOf(job, jobs)));
  const say = discordMessagesFor(locale);
  const entries = shown.map((job, index) => {
    const link = messageLink(job);
    const small = [settingsLine(job, say), ...(link === null ? [] : [`[${say.openResult}](${link})`])].join(' · ');
    const words = textDisplay(`**${quoteText(job.request.prompt, maxPromptShown)}**\n-# ${small}`);
    const sheet = sheets[index] ?? null;
    if (sheet === null) return words;
    const section: APISectionComponent = {
      type: ComponentType.Section,
      components: [words],
      accessory: {
        type: ComponentType.Thumbnail,
        media: { url: `attachment://${sheet.name}` },
        description: sheet.altText,
      },
    };
    return section;
  });
  return { components: [textDisplay(text), ...entries], files: sheets.filter((sheet) => sheet !== null) };
}

/** Null where a picture is no longer there: the rest of the page is shown all the same. */
async function sheetOf(job: FinishedJob, jobs: Pick<Jobs, 'readPicture'>): Promise<OutgoingFile | null> {
  const pngs = await Promise.all(openPictures(job).map(({ picture }) => jobs.readPicture(picture.key)));
  const present = pngs.filter((png) => png !== null);
  if (present.length === 0) return null;
  const pictures = await Promise.all(present.map((png) => decodeStored(png)));
  const data = await fromRgb(await contactSheet(pictures))
    .resize({ width: thumbnailEdge, height: thumbnailEdge, fit: 'inside' })
    .webp({ quality: 80 })
    .toBuffer();
  const altText = truncate(job.request.prompt, discordLimits.maxAltTextLength);
  return { name: `quartet-${job.id}.webp`, data, contentType: 'image/webp', altText };
}
