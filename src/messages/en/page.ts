/** A text by a number: which form it takes is the language's own rule (Intl.PluralRules). */
export interface Counted {
  readonly one?: string;
  readonly other: string;
}

const counted = (one: string, other: string): Counted => ({ one, other });

/**
 * The playground's own words. They are sent to the browser, so they are texts, not functions: it puts the values in
 * where `{name}` stands.
 */
export const page = {
  // The frame.
  skip: 'Skip to the message field',
  sidePanel: 'Navigation and status',
  tagline: 'draws four at a time',
  playground: 'playground',
  onlyYou: 'Only you can see this channel',
  gallery: 'Gallery',
  galleryHint: 'All your pictures and their settings',
  galleryEmpty: 'Nothing here yet. What you draw will be kept here.',
  more: 'Show more',
  help: 'Help',
  menu: 'Menu',
  channel: 'Channel',
  messages: 'Messages',
  older: 'Show older messages',
  newest: 'New messages below',

  // Where people write.
  compose: 'New message',
  message: 'Message',
  placeholder: 'Describe a picture, or type /',
  send: 'Send',
  hintDraw: 'draws',
  hintCommands: 'lists commands',
  hintPicture: 'paste or drop a picture to start from it',
  suggestions: 'Suggestions',
  commands: 'Commands',
  options: 'Options',
  optionsOf: 'Options of {command}',
  attach: 'Attach a picture',
  startPicture: 'The picture to start from',
  startFrom: 'Start from this picture · {size}',
  removePicture: 'Remove the picture',
  controlPicture: 'The picture to follow',
  maskPicture: 'The part of it to draw anew',
  follow: 'Follow this picture · {size}',
  maskFile: 'Draw anew what is white in this · {size}',
  removeMask: 'Remove the paint',
  purpose: 'What this picture is for',
  purposeStart: 'Start from this picture',
  purposeFollow: 'Follow: {kind}',

  // Painting over a picture.
  paint: 'Paint over',
  paintAgain: 'Paint again',
  painterTitle: 'Paint over what should be drawn anew',
  painterHint: 'Everything else stays as it is, to the pixel.',
  paintHere: 'The picture to paint over',
  brush: 'Brush',
  eraser: 'Rub out',
  undo: 'Undo',
  clear: 'Clear',
  useMask: 'Use this',
  paintPrompt: 'What the whole picture should show',
  notAPicture: 'Expected a picture (PNG, JPEG, WebP or GIF); “{name}” is none.',
  tooLarge: 'Expected a picture of at most {max}; this one has {size}.',

  // What a newcomer sees.
  question: 'What shall we draw?',
  introduction: 'Type a few words, press Enter, and four pictures come back. Try one of these:',
  canDraw: 'What {model} can draw',
  also: 'also',

  // The panel at the side.
  status: 'Status',
  connecting: 'Connecting…',
  ready: 'Ready',
  isPaused: 'Drawing is paused',
  waitingCount: 'Waiting',
  drawingCount: 'Being drawn',
  pictureCount: 'Pictures so far',
  engine: 'Engine',
  model: counted('Model', 'Models'),
  lost: 'Connection lost',
  lostBanner: 'Connection lost. Trying again; nothing you sent is lost.',
  pausedBanner: '{reason} Your messages are kept in line.',
  notReached: 'Quartet cannot be reached. Trying again…',
  notSent: 'Quartet cannot be reached at the moment. Your message was kept; try again.',
  noReason: 'The server answered {status} without a reason.',

  // Messages.
  you: 'You',
  yourInitial: 'Y',
  bot: 'BOT',
  waiting: 'Waiting',
  next: 'Next in line',
  place: 'Number {place} in line of {waiting}',
  drawing: 'Drawing',
  step: 'step {step} of {steps}',
  timeLeft: 'about {time} left',
  failed: 'This could not be drawn.',
  cancelled: 'Cancelled.',
  cancelledOne: 'Cancelled: {prompt}',
  picturesReady: counted('The picture is ready: {prompt}', '{count} pictures are ready: {prompt}'),
  picturesOf: 'pictures of “{prompt}”',
  without: 'without {prompt}',
  withheld: 'Withheld',
  sendAgain: 'Send again',
  dismiss: 'Dismiss',
  deleteQuestion: 'Delete these pictures?',
  deleteWarning: 'They are removed for good, from the gallery too.',
  delete: 'Delete',

  // One picture, large.
  picture: 'Picture',
  openPicture: 'Open picture {number}: {alt}',
  openPicturesOf: 'Open the pictures of “{prompt}”',
  previousPicture: 'Previous picture',
  nextPicture: 'Next picture',
  numberOf: '{number} of {count}',
  download: 'Download',
  copySeed: 'Copy seed',
  seedCopied: 'Seed {seed} copied.',
  cannotCopy: 'This browser does not let the page copy. The seed is {seed}.',
  drawn: 'Drawn',
};
