import type { Messages } from '../messages.ts';
import { code } from '../wording.ts';
import { command as commands, option as options } from './commands.ts';
import { list, number } from './wording.ts';

const needed = (name: string, what: string) => `${code(name)} 옵션에는 ${what} 필요해요.`;
const came = (got: string) => `받은 값: ${got}`;

export const problem = {
  unknownCommand: (name, nearest) =>
    nearest === null
      ? `${code(name)} 명령은 없어요. 전체 명령은 ${code(`/${commands.help.name}`)} 명령으로 볼 수 있어요.`
      : `${code(name)} 명령은 없어요. 혹시 ${code(nearest)} 명령을 찾으셨나요?`,
  unknownOption: (command, name, nearest, known) => {
    const lead = `${code(command)} 명령에는 ${code(name)} 옵션이 없어요.`;
    if (nearest !== null) return `${lead} 혹시 ${code(nearest)} 옵션을 찾으셨나요?`;
    return known.length === 0 ? `${lead} 이 명령에는 옵션이 없어요.` : `${lead} 쓸 수 있는 옵션: ${list(known)}`;
  },
  missing: (name) => needed(name, '값이'),
  missingValue: (name, got) => `${code(name)} 뒤에 값을 적어 주세요.${got === null ? '' : ` ${came(code(got))}`}`,
  givenTwice: (name) => `${code(name)} 옵션은 한 번만 적어 주세요. 두 번 적혀 있어요.`,
  tooManyWords: (command, word) => `${code(command)} 명령은 ${code(word)} 부분을 이해하지 못했어요.`,
  nothingToDraw: (name) => `${code(name)} 옵션에 무엇을 그릴지 적어 주세요. 비어 있어요.`,
  wrongType: (name, expected, got) => {
    const words = {
      text: '글이',
      integer: '정수가',
      number: '숫자가',
      boolean: '`예` 또는 `아니요` 값이',
      picture: '첨부한 그림이',
      job: '결과의 ID가',
    };
    return `${needed(name, words[expected])} ${came(got)}`;
  },
  outOfRange: (name, min, max, got) => `${needed(name, `${min}~${max} 범위의 값이`)} ${came(got)}`,
  notInList: (name, values, got, nearest) =>
    `${code(name)} 옵션에는 다음 중 하나가 필요해요: ${list(values)}. ${came(got)}${nearest === null ? '' : `. 혹시 ${code(nearest)} 값을 찾으셨나요?`}`,
  tooLong: (name, max, got) => `${code(name)} 옵션은 ${number(max)}자까지 쓸 수 있어요. 지금은 ${number(got)}자예요.`,
  lineTooLong: (max, got) => `${number(max)}자까지 쓸 수 있어요. 지금은 ${number(got)}자예요.`,
  controlCharacter: (name, codePoint) =>
    `${code(name)} 옵션에는 일반 글자만 쓸 수 있어요. 제어 문자 ${codePoint} 하나가 들어 있어요.`,
  brokenText: (name) => `${code(name)} 옵션에는 올바른 유니코드 글이 필요해요. 깨진 글자가 들어 있어요.`,
  got: {
    nothing: '빈 글',
    text: (value) => code(value),
    picture: '그림',
    notFinite: '끝이 없는 수',
  },
  strengthWithoutImage: `${code(options.strength.name)} 옵션은 ${code(options.image.name)} 옵션과 함께 써 주세요. 원본 그림에서 얼마나 달라질지 정하는 값이에요.`,
  sizeNotOffered: (model, sizes, got) =>
    `${code(model)} 모델이 그릴 수 있는 크기는 ${list(sizes)} 중 하나예요. ${came(code(got))}`,
  cannotStartFromPicture: (model) =>
    `${code(model)} 모델은 그림에서 시작할 수 없어요. ${code(options.image.name)} 옵션을 빼 주세요.`,
  speedNotOffered: (model, speeds, got) =>
    `${code(model)} 모델이 쓸 수 있는 ${code(options.speed.name)} 값은 ${list(speeds)} 중 하나예요. ${came(code(got))}`,
  notOfferedHere: (name) => `여기에는 ${code(name)} 옵션을 쓸 수 있는 모델이 없어요. 빼 주세요.`,
  maskWithoutImage: `${code(options.mask.name)} 옵션은 ${code(options.image.name)} 옵션과 함께 써 주세요. 원본 그림에서 새로 그릴 부분을 정해요.`,
  maskIsBlack: '마스크가 온통 검은색이라 새로 그릴 부분이 없어요. 새로 그릴 부분을 흰색으로 칠해 주세요.',
  maskIsWhite: `마스크가 온통 흰색이라 원본 그림이 하나도 남지 않아요. ${code(options.mask.name)} 옵션을 빼거나, 그대로 둘 부분을 검은색으로 칠해 주세요.`,
  cannotPaintWithin: (model) =>
    `${code(model)} 모델은 그림의 일부만 새로 그릴 수 없어요. ${code(options.mask.name)} 옵션을 빼거나 ${code(`/${commands.models.name}`)} 명령에서 다른 모델을 골라 주세요.`,
  cannotControl: (model) =>
    `${code(model)} 모델은 컨트롤 그림을 따라 그릴 수 없어요. ${code(options.control.name)} 옵션을 빼거나 ${code(`/${commands.models.name}`)} 명령에서 다른 모델을 골라 주세요.`,
  controlNotOffered: (model, kinds, got) =>
    kinds.length === 0
      ? `${code(model)} 모델은 컨트롤 그림을 따라 그릴 수 없어요. ${code(options.controlKind.name)} 옵션을 빼 주세요.`
      : `${code(model)} 모델이 따를 수 있는 ${code(options.controlKind.name)} 값은 ${list(kinds)} 중 하나예요. ${came(code(got))}`,
  controlWithoutPicture: `${code(options.controlKind.name)}, ${code(options.controlStrength.name)} 옵션은 ${code(options.control.name)} 옵션과 함께 써 주세요. 컨트롤 그림을 어떻게 따를지 정하는 값이에요.`,
  noLora: (model) => `${code(model)} 모델에는 LoRA가 없어요. ${code(options.loraStrength.name)} 옵션을 빼 주세요.`,
  whichPicture: (count) =>
    `그림 ${count}장 중 몇 번째에 칠했는지 ${code(`${options.ownPicture.name}:1`)}부터 ${code(`${options.ownPicture.name}:${count}`)}까지로 알려 주세요.`,
  pictureWithheld: '가려 둔 그림이라 이어 그릴 수 없어요.',
  noSuchResult: '그 결과를 찾을 수 없어요. 없는 결과이거나 이미 삭제됐어요.',
  notDrawnYet: '완성된 결과가 필요해요. 이 결과에는 (아직) 그림이 없어요.',
  noSuchPicture: (count, got) =>
    `${needed(options.picture.name, `${count === 1 ? '1' : `1~${count}`} 범위의 값이`)} ${came(String(got))}`,
  pictureGone: '그 그림은 더 이상 보관되어 있지 않아서 이어 그릴 수 없어요.',
  alreadyEnlarged: '이미 확대한 그림이에요. 확대는 한 번만 할 수 있어요.',
} satisfies Messages['problem'];

export const error = {
  queue_full: (retryAfter) => `대기열이 가득 찼어요. ${retryAfter ?? '몇 분'} 뒤에 다시 시도해 주세요.`,
  too_many_jobs: () => '한 사람이 대기열에 넣을 수 있는 만큼 이미 넣었어요. 하나가 끝나기를 기다리거나 취소해 주세요.',
  daily_quota: (retryAfter) =>
    retryAfter === null
      ? '하루에 요청할 수 있는 장수를 넘었어요.'
      : `오늘 그릴 수 있는 그림을 모두 그렸어요. ${retryAfter} 뒤에 다시 그릴 수 있어요.`,
  restarting: () => '다시 시작하는 중이에요. 잠시 뒤에 다시 시도해 주세요.',
  database_unavailable: () => '지금은 요청을 받을 수 없어요. 잠시 뒤에 다시 시도해 주세요.',
  database_busy: () => '지금은 요청을 받을 수 없어요. 잠시 뒤에 다시 시도해 주세요.',
  engine_unavailable: () => '지금은 그림 엔진을 쓸 수 없어요. 몇 분 뒤에 다시 시도해 주세요.',
  engine_away: () => '지금은 그림 엔진을 쓸 수 없어요. 몇 분 뒤에 다시 시도해 주세요.',
  engine_busy: () => '그림 엔진이 지금 바빠요. 잠시 뒤에 다시 시도해 주세요.',
  engine_closed: () => '그리는 도중에 그림 엔진이 꺼졌어요. 몇 분 뒤에 다시 시도해 주세요.',
  engine_crashed: () => '이 그림을 그리다가 그림 엔진이 여러 번 멈췄어요. 나중에 다시 시도해 주세요.',
  engine_silent: () => '그리는 도중에 그림 엔진의 응답이 끊겼어요. 몇 분 뒤에 다시 시도해 주세요.',
  engine_timeout: () => '그림 엔진이 너무 오래 걸렸어요. 나중에 다시 시도해 주세요.',
  engine_bad_answer: () => '그림 엔진이 그림이 아닌 것을 보냈어요. 기록해 두었어요.',
  engine_model_missing: () => '지금은 그림 엔진에 그 모델이 없어요. 나중에 다시 시도해 주세요.',
  engine_input_missing: () => '지금은 그림 엔진이 그렇게 그릴 수 없어요. 그 옵션을 빼고 다시 시도해 주세요.',
  engine_forbidden: () => '그림 엔진이 접속을 허락하지 않아요. 기록해 두었어요.',
  model_failed: () => '모델이 이 그림을 그리지 못했어요. 그린 장수에는 넣지 않을게요. 다시 시도해 주세요.',
  picture_gone: () => '원본 그림이 더 이상 보관되어 있지 않아요.',
  picture_damaged: () => '보관된 그림이 손상되어 이어 그릴 수 없어요.',
  picture_not_stored: () => '그림은 그렸지만 저장하지 못했어요. 나중에 다시 시도해 주세요.',
  attachment_unreachable: () => '그 그림을 가져오지 못했어요. 다시 시도해 주세요.',
  unexpected: () => '제 쪽에서 문제가 생겼어요. 기록해 두었으니 다시 시도해 주세요.',
} satisfies Messages['error'];

export const tryingAgain = {
  engine_unavailable: 'GPU 연결이 끊겨서 다시 시도하고 있어요.',
  engine_away: 'GPU를 쓸 수 없어서 다시 시도하고 있어요.',
  engine_busy: 'GPU가 바빠서 다시 시도하고 있어요.',
  engine_silent: 'GPU의 응답이 끊겨서 다시 시도하고 있어요.',
  engine_crashed: '그림 엔진이 멈춰서 다시 시도하고 있어요.',
  anything: '잘되지 않아서 다시 시도하고 있어요.',
} satisfies Messages['tryingAgain'];

export const paused = {
  no_server: '응답하는 Triton 서버가 없어서 그리기를 잠시 멈췄어요.',
  server_failing: '그릴 수 있는 Triton 서버가 없어서 그리기를 잠시 멈췄어요.',
  restarting: '그림 엔진을 다시 시작하는 중이라 그리기를 잠시 멈췄어요.',
  silent: '그림 엔진이 응답하지 않아서 그리기를 잠시 멈췄어요.',
  closed: '그림 엔진이 꺼져 있어서 그리기를 잠시 멈췄어요.',
} satisfies Messages['paused'];

export const web = {
  tooMuchText: '메시지 하나에 담기에는 글이 너무 길어요.',
  pictureTooLarge: (mebibytes) => `그림은 ${number(mebibytes)} MiB까지 쓸 수 있어요. 이 그림은 더 커요.`,
  pictureNotWanted: (command) => `${code(command)} 명령에는 그림을 쓸 수 없어요.`,
  restarting: 'Quartet을 다시 시작하는 중이에요. 잠시 뒤에 다시 시도해 주세요.',
  tooManyPages: '한꺼번에 열린 페이지가 너무 많아요. 몇 개를 닫아 주세요.',
  pictureGone: '없는 그림이거나 내 그림이 아니에요.',
  pictureWithheld: '모델의 안전 검사기가 안전하지 않다고 판단해서 가려 둔 그림이에요.',
  failed: '문제가 생겼어요. 기록에 남겨 두었어요.',
} satisfies Messages['web'];

export const refusedPicture = {
  picture_type: () => 'PNG, JPEG, WebP, GIF 그림만 쓸 수 있어요. 다른 종류의 파일을 보내셨어요.',
  picture_broken: () => '그림 파일이 잘렸거나 손상됐어요. 다시 보내 주세요.',
  picture_too_large: () => '그림이 너무 커요. 더 작은 그림을 보내 주세요.',
  picture_too_narrow: () => '그림이 너무 길쭉해요. 정사각형에 더 가까운 그림을 보내 주세요.',
} satisfies Messages['refusedPicture'];
