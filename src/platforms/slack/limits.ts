/** Slack's own bounds; each with the page that states it. */
export const slackLimits = {
  /** https://docs.slack.dev/interactivity/handling-user-interaction#acknowledgment_response */
  ackMs: 3_000,
  /** https://docs.slack.dev/interactivity/handling-user-interaction#message_responses */
  responseUrl: { answers: 5, lifeMs: 1_800_000 /* 30 minutes */ },
  /** https://docs.slack.dev/authentication/verifying-requests-from-slack */
  requestAgeSeconds: 300,
  /** Tier 3, for the whole workspace: https://docs.slack.dev/apis/web-api/rate-limits */
  edits: { limit: 50, windowMs: 60_000 },
  /** https://docs.slack.dev/reference/block-kit/blocks */
  blocksPerMessage: 50,
  blocksPerView: 100,
  actionsPerBlock: 25,
  contextElements: 10,
  sectionText: 3_000,
  headerText: 150,
  /** https://docs.slack.dev/reference/block-kit/block-elements/button-element */
  buttonText: 75,
  buttonValue: 2_000,
  actionId: 255,
  /** https://docs.slack.dev/reference/block-kit/composition-objects/option-object */
  optionText: 75,
  optionsPerSelect: 100,
  /** https://docs.slack.dev/reference/block-kit/block-elements/plain-text-input-element */
  inputText: 3_000,
  /** https://docs.slack.dev/reference/views */
  viewTitle: 24,
  privateMetadata: 3_000,
  /** https://docs.slack.dev/reference/block-kit/blocks/input-block */
  inputLabel: 2_000,
  /** https://docs.slack.dev/reference/methods/chat.postMessage#truncating */
  messageText: 4_000,
  /** https://docs.slack.dev/reference/methods/files.getUploadURLExternal */
  altText: 1_000,
  /** https://docs.slack.dev/reference/app-manifest */
  manifest: { appName: 35, shortDescription: 140, longDescription: 4_000, shortcutName: 24, commandDescription: 2_000 },
} as const;
