import { languageOf } from './messages.ts';

/** What only Slack has to say, in English. */
const english = {
  askedBy: (name: string) => `for ${name}`,
  steps: (step: number, steps: number) => `step ${step} of ${steps}`,
  timeLeft: (duration: string) => `about ${duration} left`,
  uploading: 'Sending the pictures …',
  doneIn: (duration: string) => `Done in ${duration}.`,
  cancelled: 'Cancelled.',
  linkText: 'this result',
  derivedFrom: (action: string, picture: number | null, link: string) =>
    `${action} of ${picture === null ? '' : `picture ${picture} of `}${link}`,
  settings: {
    seed: (seed: number) => `seed ${seed}`,
    steps: (steps: number) => `${steps} steps`,
    guidance: (scale: number) => `guidance ${scale}`,
  },
  status: { drawing: 'is drawing …' },

  refusal: {
    invite: (botUserId: string) =>
      `I cannot post here. Invite me with \`/invite\` and <@${botUserId}>, then ask again. Nothing was drawn.`,
    archived: 'I cannot post here: this channel takes no messages. Nothing was drawn.',
    notHere: 'I do not draw in this channel. Please ask in one that I was set up for.',
    notYourButton: 'That button is for the person who asked for the drawing.',
    unknownButton: 'I do not know that button: it was not made by me, or with a secret that has changed since.',
    formExpired: 'That took too long for Slack to open the form. Please press once more.',
    nothingSaid: 'Say what I should draw, for example `@Quartet a red lighthouse at dusk`.',
    noFilesInCommands: (option: string) =>
      [
        `Slack's commands take no files, so \`${option}\` cannot be given here. Nothing was drawn.`,
        'Write `@Quartet a red boat` with the pictures attached instead: the first one is what I start from; one named `mask.png` says what to draw anew; one named `canny.png`, `depth.png` or `scribble.png` is followed.',
        'Or use the shortcut *Draw a picture*, which has a field for each.',
      ].join('\n'),
    pictureNotReadable: 'I may not read that file. Please share it in this conversation, or attach it again.',
  },
  instead: {
    private: (channel: string) => `I can no longer post in <#${channel}>, so here is what you asked for there.`,
  },

  form: {
    drawTitle: 'Draw a picture',
    editTitle: 'Change and draw',
    submit: 'Draw',
    close: 'Cancel',
    where: 'Where the pictures go',
  },
  remove: {
    title: 'Delete?',
    text: 'The pictures and their messages are deleted for good.',
    confirm: 'Delete',
    deny: 'Keep',
  },

  home: {
    title: 'Quartet',
    intro:
      'I draw what you describe. Type `/imagine a red lighthouse at dusk` in any channel, or mention me in a thread.',
    draw: 'Draw a picture',
    refresh: 'Refresh',
    running: 'Waiting and being drawn',
    nothingRunning: 'Nothing of yours is waiting.',
    history: 'Your latest pictures',
    noHistory: 'You have no pictures yet.',
    settings: 'Your defaults',
    open: 'open',
  },
};

/** Everything that only Slack has to say; a locale that lacks a key does not compile. */
export type SlackMessages = typeof english;

const korean: SlackMessages = {
  askedBy: (name) => `${name} 님의 요청`,
  steps: (step, steps) => `${steps}단계 중 ${step}단계`,
  timeLeft: (duration) => `약 ${duration} 남음`,
  uploading: '그림을 보내는 중이에요 …',
  doneIn: (duration) => `${duration} 만에 다 그렸어요.`,
  cancelled: '취소했어요.',
  linkText: '이 결과',
  derivedFrom: (action, picture, link) => `${link}${picture === null ? '' : `의 ${picture}번 그림`}에서: ${action}`,
  settings: {
    seed: (seed) => `시드 ${seed}`,
    steps: (steps) => `${steps}단계`,
    guidance: (scale) => `가이던스 ${scale}`,
  },
  status: { drawing: '그리는 중 …' },

  refusal: {
    invite: (botUserId) =>
      `여기에는 글을 올릴 수 없어요. \`/invite\`로 <@${botUserId}> 앱을 초대한 다음 다시 요청해 주세요. 아무것도 그리지 않았어요.`,
    archived: '여기에는 글을 올릴 수 없어요: 메시지를 받지 않는 채널이에요. 아무것도 그리지 않았어요.',
    notHere: '이 채널에서는 그리지 않아요. 제가 쓰이도록 정해진 채널에서 요청해 주세요.',
    notYourButton: '그림을 요청한 사람만 누를 수 있는 버튼이에요.',
    unknownButton: '알 수 없는 버튼이에요: 제가 만들지 않았거나, 그 뒤로 비밀 키가 바뀌었어요.',
    formExpired: 'Slack이 양식을 열기까지 너무 오래 걸렸어요. 한 번 더 눌러 주세요.',
    nothingSaid: '무엇을 그릴지 말해 주세요. 예: `@Quartet a red lighthouse at dusk`',
    noFilesInCommands: (option) =>
      [
        `Slack 명령에는 파일을 붙일 수 없어서 여기에는 \`${option}\` 옵션을 쓸 수 없어요. 아무것도 그리지 않았어요.`,
        '대신 그림을 첨부해서 `@Quartet a red boat`처럼 적어 주세요. 첫 그림은 출발점이 되고, 이름이 `mask.png`인 그림은 새로 그릴 부분을 정하고, `canny.png`, `depth.png`, `scribble.png`인 그림은 모양을 따라 그려요.',
        '바로가기 *Draw a picture*에는 그림마다 칸이 있어요.',
      ].join('\n'),
    pictureNotReadable: '그 파일을 읽을 수 없어요. 이 대화에 공유하거나 다시 첨부해 주세요.',
  },
  instead: {
    private: (channel) => `<#${channel}> 채널에 더는 글을 올릴 수 없어서, 거기서 요청하신 것을 여기로 보내요.`,
  },

  form: {
    drawTitle: '그림 그리기',
    editTitle: '바꿔서 그리기',
    submit: '그리기',
    close: '닫기',
    where: '그림을 올릴 곳',
  },
  remove: {
    title: '삭제할까요?',
    text: '그림과 메시지를 완전히 삭제해요.',
    confirm: '삭제',
    deny: '그대로 두기',
  },

  home: {
    title: 'Quartet',
    intro:
      '설명한 그림을 그려요. 아무 채널에서나 `/imagine a red lighthouse at dusk`를 입력하거나, 스레드에서 저를 멘션해 주세요.',
    draw: '그림 그리기',
    refresh: '새로 고침',
    running: '기다리거나 그리는 중',
    nothingRunning: '기다리는 그림이 없어요.',
    history: '최근 그림',
    noHistory: '아직 그린 그림이 없어요.',
    settings: '내 기본값',
    open: '열기',
  },
};

/** The catalogue for a BCP 47 tag such as `ko-KR`; English where there is none. */
export function slackMessagesFor(locale: string): SlackMessages {
  return languageOf(locale) === 'ko' ? korean : english;
}
