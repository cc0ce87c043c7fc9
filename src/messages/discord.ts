import { type Language, languageOf } from './messages.ts';

/** How far, as a bar of ten. */
function bar(share: number): string {
  const full = Math.round(Math.min(1, Math.max(0, share)) * 10);
  return `${'▰'.repeat(full)}${'▱'.repeat(10 - full)}`;
}

const english = {
  /** `prompt` is escaped already, `user` is a mention that rings nobody. */
  heading: (prompt: string, user: string) => `**${prompt}** · ${user}`,
  thinking: 'One moment…',
  waiting: (place: number, waiting: number, ready: string | null) =>
    `Number ${place} of ${Math.max(place, waiting)} in line${ready === null ? '' : `, ready ${ready}`}.`,
  beginning: 'Being drawn…',
  drawing: (share: number, step: number, steps: number, ready: string | null) =>
    `${bar(share)} step ${step} of ${steps}${ready === null ? '' : `, ready ${ready}`}`,
  previewAltText: 'What the pictures look like so far',
  cancelled: 'Cancelled.',
  derived: (action: string, picture: number | null, link: string) =>
    `${action} of ${picture === null ? '' : `picture ${picture} of `}[this result](${link})`,
  settings: {
    seed: (seed: number) => `seed ${seed}`,
    steps: (steps: number) => (steps === 1 ? '1 step' : `${steps} steps`),
    guidance: (scale: number) => `guidance ${scale}`,
    style: (style: string) => `style ${style}`,
    strength: (strength: number) => `strength ${strength}`,
    model: (model: string) => `model ${model}`,
    seconds: (seconds: string) => `${seconds} s`,
  },
  drawThis: 'Draw this',
  nothingInMessage: 'There is no text in that message that I could draw.',
  notHere: (channels: readonly string[]) => `I may not draw here. I draw in ${channels.join(', ')}.`,
  foreignButton: 'This button belongs to somebody else.',
  forgedButton: 'I do not know this button. It may be from before my settings were changed.',
  tryAgain: 'I cannot do that at the moment. Please try again.',
  sayWhat: 'Say what you would like to see, for example: a red lighthouse at dusk',
  cannotPost: (channel: string) =>
    `I cannot write in ${channel}. I need the permissions View Channel, Send Messages and Attach Files there.`,
  deliveredHere: (channel: string) => `I could not show this in ${channel}, so here it is.`,
  openResult: 'Open',
  form: {
    title: 'Change and draw again',
    settings: 'Settings',
    settingsHint: 'As in steps:30 guidance:5 seed:7 style:woodcut; what you take out stays as it was.',
  },
};

/** What only Discord needs to be told; a locale that lacks a key does not compile. */
export type DiscordMessages = typeof english;

const korean: DiscordMessages = {
  heading: (prompt, user) => `**${prompt}** · ${user}`,
  thinking: '잠시만요…',
  waiting: (place, waiting, ready) =>
    `대기 중인 ${Math.max(place, waiting)}개 가운데 ${place}번째예요${ready === null ? '' : `, ${ready} 완성돼요`}.`,
  beginning: '그리는 중이에요…',
  drawing: (share, step, steps, ready) =>
    `${bar(share)} ${steps}단계 중 ${step}단계${ready === null ? '' : `, ${ready} 완성돼요`}`,
  previewAltText: '지금까지 그려진 모습',
  cancelled: '취소했어요.',
  derived: (action, picture, link) =>
    `[이 결과](${link})${picture === null ? '' : `의 ${picture}번 그림`}에서 나온 ${action}`,
  settings: {
    seed: (seed) => `시드 ${seed}`,
    steps: (steps) => `${steps}단계`,
    guidance: (scale) => `충실도 ${scale}`,
    style: (style) => `스타일 ${style}`,
    strength: (strength) => `강도 ${strength}`,
    model: (model) => `모델 ${model}`,
    seconds: (seconds) => `${seconds}초`,
  },
  drawThis: '이걸로 그리기',
  nothingInMessage: '그 메시지에는 그릴 만한 글이 없어요.',
  notHere: (channels) => `여기서는 그릴 수 없어요. 그릴 수 있는 곳: ${channels.join(', ')}`,
  foreignButton: '다른 사람의 버튼이에요.',
  forgedButton: '모르는 버튼이에요. 설정이 바뀌기 전의 것일 수 있어요.',
  tryAgain: '지금은 할 수 없어요. 다시 시도해 주세요.',
  sayWhat: '보고 싶은 것을 말해 주세요. 예: 해 질 녘의 빨간 등대',
  cannotPost: (channel) => `${channel}에 글을 쓸 수 없어요. 채널 보기, 메시지 보내기, 파일 첨부 권한이 필요해요.`,
  deliveredHere: (channel) => `${channel}에 보여 드릴 수 없어서 여기로 보내요.`,
  openResult: '열기',
  form: {
    title: '바꿔서 다시 그리기',
    settings: '설정',
    settingsHint: '예: 단계:30 충실도:5 시드:7. 지운 것은 그대로 남아요.',
  },
};

const catalogues: Readonly<Record<Language, DiscordMessages>> = { en: english, ko: korean };

/** The catalogue for a BCP 47 tag; English where there is none. */
export function discordMessagesFor(locale: string): DiscordMessages {
  return catalogues[languageOf(locale) ?? 'en'];
}
