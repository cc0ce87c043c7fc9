import type { Messages } from '../messages.ts';
import { truncate } from '../truncate.ts';
import { code } from '../wording.ts';
import { command as commands, option as options } from './commands.ts';
import { allOf, list, number, seconds, timeLeft } from './wording.ts';

export const note = {
  unknownWords: (words, canDraw) =>
    `이 작은 모델이 본 적 없는 단어가 있어요: ${allOf(words.slice(0, 8))}. 그릴 수 있는 것(영어): ${canDraw}.`,
  nothingKnown: (canDraw) =>
    `이 작은 모델이 아는 단어가 없어서 엉뚱한 그림이 나올 수 있어요. 영어로 적어 주세요. 그릴 수 있는 것: ${canDraw}.`,
  resized: '이 모델은 그렇게 크게 그릴 수 없어서, 다시 그리지 않고 크기만 늘렸어요.',
  freshSeed: '이 모델은 그림에서 시작할 수 없어서, 같은 프롬프트로 새로 그렸어요.',
  withheld: (withheld, count) => {
    const why = '모델의 안전 검사기가 안전하지 않다고 판단했어요.';
    const advice = '다른 말로 바꿔 보세요.';
    if (count === 1) return `그림을 가려 두었어요. ${why} ${advice}`;
    if (withheld === count) return `그림 ${count}장을 모두 가려 두었어요. ${why} ${advice}`;
    return `그림 ${count}장 중 ${withheld}장을 가려 두었어요. ${why}`;
  },
  leftOut: (model, names) =>
    `${code(model)} 모델은 이 결과를 그릴 때 쓴 것 중 일부를 쓸 수 없어서 뺐어요: ${list(names)}`,
  settingIgnored: (name, value) =>
    `내 기본값 ${code(name)} ${code(value)}: 여기에서는 쓸 수 없어서 모델의 기본값을 썼어요.`,
} satisfies Messages['note'];

export const button = {
  vary: (picture) => `변형 ${picture}`,
  enlarge: (picture) => `확대 ${picture}`,
  again: '다시',
  tryAgain: '다시 시도',
  edit: '수정',
  details: '자세히',
  delete: '삭제',
  cancel: '취소',
} satisfies Messages['button'];

export const form = {
  draw: '그리기',
  leave: '그만두기',
  close: '닫기',
  noChoice: '(없음)',
} satisfies Messages['form'];

export const action = {
  imagine: '새 그림',
  vary: '변형',
  again: '다시 그린 그림',
  edit: '수정한 그림',
  enlarge: '확대한 그림',
} satisfies Messages['action'];

export const state = {
  queued: '대기 중',
  drawing: '그리는 중',
  drawn: '완료',
  delivered: '완료',
  cancelled: '취소됨',
  failed: '실패',
} satisfies Messages['state'];

export const progress = {
  place: (place, waiting) => `대기 ${number(waiting)}건 중 ${number(place)}번째`,
  step: (step, of) => `${number(of)}단계 중 ${number(step)}단계`,
  timeLeft,
} satisfies Messages['progress'];

export const setting = {
  steps: (count) => `${number(count)}단계`,
  guidance: (value) => `충실도 ${number(value)}`,
  strength: (value) => `변화량 ${number(value)}`,
  seed: (value) => `시드 ${value}`,
  style: (title) => `스타일 ${title}`,
  model: (id) => `모델 ${id}`,
  time: (ms) => seconds(ms / 1_000, 1),
  resized: '크기만 늘림',
  painted: '일부만 새로 그림',
  control: (kind, scale) => `컨트롤: ${kind}, ${number(scale)}`,
  lora: (scale) => `LoRA ${number(scale)}`,
  speed: (name) => `속도 ${name}`,
} satisfies Messages['setting'];

export const alternative: Messages['alternative'] = (prompt, picture, count) =>
  count === 1 ? prompt : `${prompt} (그림 ${count}장 중 ${picture}번째)`;

export const terminal = {
  folder: (name) => `0.png부터 3.png까지 저장할 폴더 (기본값: ${name})`,
  help: '이 도움말',
  usage: [
    '서버나 데이터베이스 없이 그려서 DIR 폴더에 0.png, 1.png, … 파일로 저장해요.',
    '시드와 설정이 같으면 파일도 똑같아요.',
  ].join('\n'),
  cancelled: '취소했어요. 저장한 파일은 없어요.',
  noFolder: '`--out` 뒤에 폴더를 적어 주세요.',
  notAFile: (option, path) => `${code(`--${option}`)} 옵션에는 그림 파일이 필요해요. 받은 값: ${path}`,
} satisfies Messages['terminal'];

export const queue = {
  summary: (drawing, waiting, isPaused) => {
    if (drawing + waiting > 0) return `그리는 중 ${number(drawing)}건, 대기 ${number(waiting)}건이에요.`;
    return isPaused ? '기다리는 사람이 없어요.' : '기다리는 사람이 없어요. 지금 요청하면 바로 그려요.';
  },
  place: (place, waiting, secondsLeft) => {
    const where = place === 0 ? '그리는 중' : `대기 ${number(Math.max(place, waiting))}건 중 ${number(place)}번째`;
    return secondsLeft === null ? where : `${where}, ${timeLeft(secondsLeft)}`;
  },
  own: (id, prompt, place) => `- ${code(prompt)}: ${place} (${code(id)})`,
  nothingOwn: '그중에 내 요청은 없어요.',
} satisfies Messages['queue'];

export const cancel = {
  done: (prompt) => `취소했어요: ${code(prompt)}`,
  nothing: '기다리거나 그리는 중인 내 그림이 없어요.',
  tooLate: (stateWord) => `이미 끝난 그림이에요. (${stateWord})`,
  notYours: '내 그림만 취소할 수 있어요.',
} satisfies Messages['cancel'];

export const deletion = {
  done: '그림까지 모두 삭제했어요.',
  notYours: '이 그림을 요청한 사람만 삭제할 수 있어요.',
} satisfies Messages['delete'];

const imagine = `/${commands.imagine.name}`;

export const history = {
  title: (page) => (page === 1 ? '내가 최근에 그린 그림이에요.' : `내 그림, ${page}쪽이에요.`),
  more: (page) => `더 보기: ${code(`/${commands.history.name} ${options.page.name}:${page}`)}`,
  empty: `아직 그린 그림이 없어요. ${code(`${imagine} a red lighthouse at dusk`)} 명령으로 시작해 보세요.`,
  endReached: (page) => `${page}쪽은 없어요. 모두 보셨어요.`,
} satisfies Messages['history'];

export const forget = {
  confirm: `내 그림, 요청, 설정이 모두 완전히 삭제돼요. 삭제하려면 ${code(`/${commands.forgetMe.name} ${options.confirm.name}:예`)} 명령을 보내 주세요.`,
  done: (jobCount, pictureCount) =>
    `모두 삭제했어요: 요청 ${number(jobCount)}건, 그림 ${number(pictureCount)}장, 설정.`,
} satisfies Messages['forget'];

export const models = {
  intro: '그릴 수 있는 모델이에요:',
  entry: (title, id, description, isDefault) =>
    `**${title}** (${code(id)}${isDefault ? ', 기본 모델' : ''}): ${description}`,
  facts: (sizes, stepCount, guidance, scheduler) =>
    `크기 ${list(sizes)}. 기본값: ${number(stepCount)}단계, 충실도 ${number(guidance)}, ${scheduler}.`,
  takes: (names) => `그림에서 시작할 수 있어요: ${list(names)}.`,
  follows: (name, kinds) => `${code(name)} 그림을 따라 그릴 수 있어요: ${kinds.join(', ')}.`,
  lora: (name, scale) => `LoRA가 있어요. ${code(name)} 기본값은 ${number(scale)}이에요.`,
  speeds: (name, speeds) => `${code(name)} 값: ${list(speeds.map((speed) => speed.name))}.`,
  safetyChecker: '그린 그림을 스스로 검사해서, 안전하지 않은 그림은 가려 둬요.',
  canDraw: '그릴 수 있는 것(영어):',
  things: (words) => `- ${words}`,
} satisfies Messages['models'];

export const styles = {
  intro: `${code(`${options.style.name}:`)} 옵션으로 더할 수 있어요. 예: ${code(`${imagine} a boat at dusk ${options.style.name}:수채화`)}`,
  entry: (title, id, description) => `**${title}** (${code(id)}): ${description}`,
} satisfies Messages['styles'];

const change = `/${commands.settings.name}`;
const reset = options.reset.name;

export const settings = {
  intro: `${code(imagine)} 명령의 내 기본값이에요:`,
  saved: `저장했어요. ${code(imagine)} 명령의 내 기본값은 이제 다음과 같아요:`,
  entry: (label, value) => `- ${label}: ${code(value)}`,
  byDefault: (label, value) => `- ${label}: ${code(value)} (기본값)`,
  none: '없음',
  howTo: `${code(`${change} ${options.steps.name}:30`)} 명령으로 바꾸고, ${code(`${change} ${reset}:${options.steps.name}`)} 명령으로 하나를, ${code(`${change} ${reset}:전체`)} 명령으로 전부를 되돌릴 수 있어요.`,
} satisfies Messages['settings'];

export const details = {
  title: (stateWord) => `**자세히** (${stateWord})`,
  label: {
    seeds: '시드',
    startsFrom: '원본 그림에서 시작, 변화량',
    control: '컨트롤 그림',
    from: '원본',
    timings: '걸린 시간',
    id: 'ID',
  },
  entry: (label, value) => `- ${label}: ${code(value)}`,
  long: (label, value) => `- ${label}: \`${truncate(value.replaceAll('`', "'"), 400)}\``,
  derived: (actionWord, id, picture) => `${id}${picture === null ? '' : `의 ${picture}번째 그림`} (${actionWord})`,
  timings: (total, text, loop, decoder) =>
    `${seconds(total / 1_000, 1)} (글 ${number(Math.round(text))} ms, 그리기 ${number(Math.round(loop))} ms, 복호화 ${number(Math.round(decoder))} ms)`,
  painted: '일부만 새로 그림',
  failed: (sentence) => `- 이유: ${sentence}`,
  again: '똑같이 다시 그리기:',
  anew: '함께 보낸 그림 없이 같은 프롬프트와 설정으로 다시 그리기:',
  line: (line) => `\`${line.replaceAll('`', "'")}\``,
} satisfies Messages['details'];

export const help = {
  intro: '보고 싶은 그림을 말해 주시면 제가 그려요. 프롬프트는 영어로 쓰면 가장 잘 그려요. 예:',
  commands: '**명령**',
  buttons: '**결과 아래의 버튼**',
  more: (command) => `명령 하나를 자세히 보기: ${code(`/${commands.help.name} ${options.command.name}:${command}`)}`,
  usage: (usage) => `\`${usage}\``,
  options: '**옵션** (글의 어디에나 `이름:값` 또는 `--이름 값`)',
  examples: '**예**',
  entry: (name, description) => `- ${code(name)}: ${description}`,
  option: (name, description, facts) => `- ${code(name)}: ${description}${facts === null ? '' : ` (${facts})`}`,
  range: (min, max) => `${min}~${max}`,
  oneOf: (values) => list(values),
  required: '필수',
} satisfies Messages['help'];
