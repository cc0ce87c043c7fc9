import type { Messages } from '../messages.ts';

/** As in English; the prompts of the examples stay English, because the models were taught in English. */
export const command = {
  imagine: {
    name: '그리기',
    description: '설명한 그림을 그려요',
    examples: [
      '그리기 a red lighthouse at dusk',
      '그리기 two white boats on a lake 스타일:수채화 시드:7',
      '그리기 "a castle: the last one" --단계 30 --장수 1',
    ],
  },
  queue: { name: '대기열', description: '대기열과 내 차례를 보여 줘요', examples: [] },
  cancel: { name: '취소', description: '기다리거나 그리는 중인 내 그림을 취소해요', examples: ['취소'] },
  history: { name: '기록', description: '내가 그린 그림을 다시 보여 줘요', examples: ['기록', '기록 쪽:2'] },
  models: { name: '모델', description: '그릴 수 있는 모델과 각 모델의 특징을 보여 줘요', examples: [] },
  styles: { name: '스타일', description: '프롬프트에 더할 수 있는 스타일을 보여 줘요', examples: [] },
  settings: {
    name: '설정',
    description: '/그리기 명령의 내 기본값을 보거나 바꿔요',
    examples: ['설정', '설정 단계:30 스타일:수채화', '설정 초기화:전체'],
  },
  forgetMe: {
    name: '내정보삭제',
    description: '그림을 포함해 나에 관한 모든 정보를 삭제해요',
    examples: ['내정보삭제 확인:예'],
  },
  help: { name: '도움말', description: '무엇을 할 수 있는지 보여 줘요', examples: ['도움말', '도움말 그리기'] },
  vary: { name: '변형', description: '그림 한 장을 조금씩 다르게 그려요', examples: [] },
  enlarge: { name: '확대', description: '그림 한 장을 더 크게 다시 그려요', examples: [] },
  again: { name: '다시', description: '같은 내용을 새 시드로 한 번 더 그려요', examples: [] },
  edit: { name: '수정', description: '결과의 프롬프트나 설정을 바꿔서 다시 그려요', examples: [] },
  details: { name: '자세히', description: '결과의 모든 설정과 시드를 보여 줘요', examples: [] },
  delete: { name: '삭제', description: '결과와 그림을 삭제해요', examples: [] },
} satisfies Messages['command'];

export const option = {
  prompt: { name: '프롬프트', title: '프롬프트', description: '그릴 내용' },
  negative: { name: '제외', title: '제외할 내용', description: '그림에 나오지 않았으면 하는 것' },
  count: { name: '장수', title: '장수', description: '그림을 몇 장 그릴지' },
  steps: { name: '단계', title: '단계', description: '그리는 단계 수: 많을수록 섬세하고 느려요' },
  guidance: { name: '충실도', title: '충실도', description: '프롬프트를 얼마나 엄격하게 따를지' },
  seed: { name: '시드', title: '시드', description: '시드와 설정이 같으면 그림도 같아요' },
  scheduler: { name: '스케줄러', title: '스케줄러', description: '노이즈를 그림으로 바꾸는 방법' },
  size: { name: '크기', title: '크기', description: '가로 x 세로(픽셀)' },
  model: { name: '모델', title: '모델', description: '그림을 그릴 모델' },
  style: { name: '스타일', title: '스타일', description: '프롬프트에 더할 화풍' },
  image: { name: '원본', title: '원본 그림', description: '출발점으로 삼을 그림' },
  strength: {
    name: '변화량',
    title: '변화량',
    description: '원본 그림에서 얼마나 달라질지: 0.1은 조금, 1은 완전히',
  },
  mask: {
    name: '마스크',
    title: '마스크',
    description: '원본 그림에서 새로 그릴 부분: 흰색은 새로 그리고 검은색은 그대로 둬요',
  },
  control: {
    name: '컨트롤',
    title: '컨트롤 그림',
    description: '모양을 따라 그릴 그림: 윤곽선(canny), 깊이(depth), 낙서(scribble)',
  },
  controlKind: { name: '컨트롤종류', title: '컨트롤 그림의 종류', description: '컨트롤 그림이 나타내는 것' },
  controlStrength: {
    name: '컨트롤강도',
    title: '컨트롤 강도',
    description: '컨트롤 그림을 얼마나 가깝게 따를지: 0은 따르지 않고, 1은 보통',
  },
  loraStrength: {
    name: '로라강도',
    title: 'LoRA 강도',
    description: '모델의 고유한 화풍(LoRA)을 얼마나 넣을지: 0은 없음, 1은 전부',
  },
  speed: { name: '속도', title: '속도', description: '정확함을 얼마나 줄여서 빨리 그릴지' },
  job: { name: '결과', title: '결과', description: '결과의 ID' },
  ownJob: { name: '결과', title: '결과', description: '취소할 결과의 ID. 비워 두면 가장 최근 것' },
  picture: { name: '그림', title: '그림', description: '몇 번째 그림인지(1부터)' },
  ownPicture: { name: '그림', title: '출발점으로 삼을 그림', description: '결과의 몇 번째 그림에서 시작할지(1부터)' },
  page: { name: '쪽', title: '쪽', description: '더 오래된 그림으로(1부터)' },
  reset: { name: '초기화', title: '초기화', description: '기본값 하나 또는 전체를 되돌려요' },
  confirm: { name: '확인', title: '확인', description: '네, 모두 완전히 삭제해 주세요' },
  command: { name: '명령어', title: '명령어', description: '자세히 알고 싶은 명령어' },
} satisfies Messages['option'];

export const choice = {
  noStyle: '스타일 없음',
  allSettings: '전체',
} satisfies Messages['choice'];

export const control = {
  canny: '윤곽선 (canny)',
  depth: '깊이',
  scribble: '낙서',
} satisfies Messages['control'];

export const speed = {
  exact: '정확하게',
  cached: '재사용: 깊은 특징을 다시 써요',
  cutoff: '생략: 끝부분에서 충실도를 빼요',
  fp8: 'FP8: 숫자를 덜 정밀하게',
  fast: '빠르게: 가능한 방법을 모두 써요',
} satisfies Messages['speed'];

export const style = {
  poster: { title: '포스터', description: '여행 포스터처럼 평평한 면과 선명한 색' },
  watercolour: { title: '수채화', description: '종이 위에서 부드럽게 번지는 물감' },
  woodcut: { title: '목판화', description: '종이에 먹으로 찍은 굵은 칼자국' },
  pixel_art: { title: '픽셀 아트', description: '옛날 비디오 게임처럼 큰 픽셀과 적은 색' },
  neon: { title: '네온', description: '어둠 속에서 빛나는 네온관' },
} satisfies Messages['style'];

export const answer = {
  yes: ['예', '네', '응'],
  no: ['아니요', '아니오', '아뇨'],
} satisfies Messages['answer'];
