/** The closed list of schedulers: a request's string never becomes code. */
export const schedulerNames = ['ddim', 'dpmpp_2m', 'unipc', 'euler', 'euler_ancestral'] as const;
export type SchedulerName = (typeof schedulerNames)[number];

/** What a control picture shows: outlines, distances, or a few strokes. */
export const controlKinds = ['canny', 'depth', 'scribble'] as const;
export type ControlKind = (typeof controlKinds)[number];

/**
 * How much exactness is given up for time: none; deep features used again; no guidance towards the end; eight bits for
 * the large products; all of these that model and card have.
 */
export const speedNames = ['exact', 'cached', 'cutoff', 'fp8', 'fast'] as const;
export type SpeedName = (typeof speedNames)[number];

/** Interleaved 8-bit RGB, `data.length === width * height * 3`. */
export interface RgbPicture {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/** 8-bit grey, `data.length === width * height`. */
export interface GreyPicture {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

export interface PictureSize {
  readonly width: number;
  readonly height: number;
}

/** Bounds that hold for every engine and every model. */
export const engineLimits = {
  maxPictures: 4,
  maxSteps: 150,
  maxGuidanceScale: 30,
  maxSeed: 0xffff_ffff,
  maxPromptCharacters: 2_000,
  maxControlScale: 2,
  maxLoraScale: 2,
} as const;

export interface GenerateRequest {
  readonly prompt: string;
  readonly negativePrompt: string;
  /** One integer a picture, each 0 to `engineLimits.maxSeed`; 1 to 4 of them. */
  readonly seeds: readonly number[];
  /** 1 to 150. */
  readonly steps: number;
  /** 0 to 30; at 1 the negative prompt has no effect. */
  readonly guidanceScale: number;
  readonly scheduler: SchedulerName;
  /** Pixels, both divisible by 8. */
  readonly size: PictureSize;
  /** One of `describe().models[].id`. */
  readonly model: string;
  /**
   * Start from this picture (img2img); it has exactly `size`, and so has the mask. `strength` is above 0 and at most 1.
   * With a mask only its white part is drawn anew; where it is black the picture's own pixels stay.
   */
  readonly init?: { readonly picture: RgbPicture; readonly strength: number; readonly mask?: GreyPicture };
  /** Follow the shapes of this picture, which has exactly `size`; `scale` is 0 to 2. */
  readonly control?: { readonly picture: RgbPicture; readonly kind: ControlKind; readonly scale: number };
  /** Strength of the model's LoRA, 0 to 2; absent for the model's own. */
  readonly loraScale?: number;
  readonly speed: SpeedName;
  /** A preview every so many steps; 0 for none. */
  readonly previewEvery: number;
}

export interface EngineProgress {
  /** Steps done, 1 to `steps`. */
  readonly step: number;
  /** Steps that this request runs (fewer than asked for when it starts from a picture). */
  readonly steps: number;
  /** One small picture (an eighth of the size) for each seed, when a preview was due. */
  readonly previews?: readonly RgbPicture[];
}

export interface EngineTimings {
  readonly textEncoderMs: number;
  readonly loopMs: number;
  readonly decoderMs: number;
  readonly totalMs: number;
}

export interface GenerateResult {
  /** In the order of the seeds. */
  readonly pictures: readonly RgbPicture[];
  readonly timings: EngineTimings;
  /** 0 to 1 for each picture, from the model's own safety checker; 0 where it has none. */
  readonly unsafe: readonly number[];
  /** Words of the prompt that the model has never seen, where it can tell. */
  readonly unknownWords: readonly string[];
}

export interface ModelDescription {
  readonly id: string;
  readonly title: string;
  readonly description: string;
  readonly sizes: readonly PictureSize[];
  readonly defaultSize: PictureSize;
  readonly defaultSteps: number;
  readonly defaultGuidanceScale: number;
  readonly defaultScheduler: SchedulerName;
  readonly canStartFromPicture: boolean;
  /** Whether a mask may say which part of the starting picture is drawn anew. */
  readonly canPaintWithin: boolean;
  /** The kinds of control picture that it can follow; the first is taken where nobody says. */
  readonly controls: readonly ControlKind[];
  /** The strength that its LoRA has by itself; null for a model without one. */
  readonly loraScale: number | null;
  /** `exact` always among them. */
  readonly speeds: readonly SpeedName[];
  /** Whether it looks itself at what it drew, so that `unsafe` says something. */
  readonly safetyChecker: boolean;
  /** How this model draws a picture again at `factor` times the size; null where it cannot. */
  readonly enlarge: { readonly factor: number; readonly strength: number } | null;
  /** What it can draw, grouped ("objects": [...]), for a model with a closed vocabulary; else null. */
  readonly vocabulary: Readonly<Record<string, readonly string[]>> | null;
  /** Every word that such a model was trained on, synonyms and plurals included; absent where it cannot tell. */
  readonly knownWords?: Readonly<Record<string, readonly string[]>>;
}

/**
 * The model of an engine that nobody has seen yet. A request that names it is drawn with the first model of the
 * engine that comes up.
 */
export const defaultModelId = 'default';

/** May change while the program runs: ask again rather than keep it. */
export interface EngineDescription {
  /** For people: "embedded (onnxruntime)". */
  readonly name: string;
  /** At least one; the first is the default. */
  readonly models: readonly ModelDescription[];
  /** How many requests it can take at once. */
  readonly concurrency: number;
}

/** Why an engine cannot draw at present; keys the text that people see. */
export type EngineTrouble = 'no_server' | 'server_failing' | 'restarting' | 'silent' | 'closed';

/** `detail` is for the operator: it may name servers, which are nobody else's business. */
export type EngineHealth =
  | { readonly ready: true; readonly detail: string }
  | { readonly ready: false; readonly why: EngineTrouble; readonly detail: string };

export interface GenerateOptions {
  /** Aborting stops the drawing within one step; `generate` then rejects with the signal's reason. */
  readonly signal: AbortSignal;
  readonly onProgress: (progress: EngineProgress) => void;
}

/** What draws. Errors are `EngineError`s (code, retryable) or `InvalidRequestError`s. */
export interface ImageEngine {
  describe(): EngineDescription;
  generate(request: GenerateRequest, options: GenerateOptions): Promise<GenerateResult>;
  health(): Promise<EngineHealth>;
  /** Idempotent; running requests are aborted. */
  close(): Promise<void>;
}
