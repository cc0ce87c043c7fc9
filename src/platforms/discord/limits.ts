/** Discord's bounds, each with the page that it came from (below `https://discord.com/developers/docs`). */
export const discordLimits = {
  /** `/interactions/receiving-and-responding#followup-messages`; a minute is kept for requests that are under way. */
  answerTokenMs: 14 * 60_000,
  /** `/interactions/receiving-and-responding#interaction-callback`: 3 s in all, of which the way there takes a part. */
  beforeAnswerMs: 1_500,
  /** `/reference#uploading-files`, where neither the server nor the interaction says more. */
  maxFileBytes: 10 * 1_048_576,
  /** `/resources/message#create-message`: the whole request; the rest is left to its other parts. */
  maxRequestBytes: 25 * 1_048_576 - 65_536,
  /** `/resources/message#create-message` */
  maxContentLength: 2_000,
  /** All text displays of a message together; not documented, so texts are kept well below it. */
  maxDisplayLength: 4_000,
  /** `/components/reference#media-gallery` */
  maxAltTextLength: 1_024,
  /** `/components/reference#action-row` */
  maxButtonsPerRow: 5,
  /** `/components/reference#button` */
  maxButtonLabelLength: 80,
  /** `/components/reference#modal`, `#label`, `#text-input` */
  maxModalTitleLength: 45,
  maxModalFields: 5,
  maxTextInputLength: 4_000,
  /** `/interactions/application-commands#autocomplete` */
  maxChoices: 25,
  /** `/interactions/application-commands#application-command-object-application-command-option-choice-structure` */
  maxChoiceLength: 100,
  /** `/interactions/application-commands#application-command-object-application-command-option-structure` */
  maxOptionTextLength: 6_000,
  /**
   * `/topics/rate-limits` gives no number, and asks to read the headers. Seen in practice: 5 in 5 s a channel for new
   * messages and edits together. Two are left for endings, which do not go through this budget.
   */
  progressEdits: 3,
  progressWindowMs: 5_000,
  /** `/topics/opcodes-and-status-codes#json`, 30046: messages older than that take few edits. */
  oldMessageMs: 3_600_000,
  /** Longer waits are handed back, so that nothing else stands behind them. */
  maxRateLimitWaitMs: 2_000,
  /** `/resources/channel#get-channel-messages` */
  maxMessagesFetched: 100,
  /** `/resources/message#create-message`: of `nonce`. */
  maxNonceLength: 25,
} as const;
