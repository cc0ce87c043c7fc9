import type { SpeedName } from '../image-engine.ts';

/** What a drawing leaves out to be faster, against the exact one. */
interface Shortcuts {
  /** Of the steps after the first four, every so many look at the negative prompt. */
  readonly guidedEvery: number;
  /** The part of the steps, counted from the start, that are guided at all. */
  readonly guidedPercent: number;
}

/** At the start steps are guided in any case: there the picture's composition is decided. */
const guidedFirst = 4;

const exact: Shortcuts = { guidedEvery: 1, guidedPercent: 100 };

/**
 * As `quartet_pipeline/engines/kinds.py` has it for networks that are whole files, which a shallow step cannot look into:
 * `cutoff` leaves guidance off towards the end, `fast` guides every other step. What each of them loses is measured in
 * `triton-models/bench`.
 */
const shortcuts = {
  exact,
  cutoff: { ...exact, guidedPercent: 60 },
  fast: { ...exact, guidedEvery: 2 },
} as const satisfies Partial<Record<SpeedName, Shortcuts>>;

/** The speeds that the embedded engine has. */
// `Object.keys` forgets the keys' type, which stands in the line above.
export const embeddedSpeeds = Object.keys(shortcuts) as readonly (keyof typeof shortcuts)[];

/** One step of the loop. */
export interface StepKind {
  /** Whether the model also answers without the prompt (with the negative one). */
  readonly isGuided: boolean;
  /** Whether the difference that guidance makes is kept (by a guided step), or taken from there. */
  readonly sharesGuidance: boolean;
}

/** What each of `steps` steps does, and the step from which a multistep scheduler may not look back. */
export interface StepPlan {
  readonly kinds: readonly StepKind[];
  /** There guidance ends, and the model's answer jumps; null where it does not. */
  readonly restart: number | null;
}

/** The plan of a drawing; `isGuided` says whether there is a negative prompt at all. */
export function planSteps(speed: SpeedName, steps: number, isGuided: boolean): StepPlan {
  const { guidedEvery, guidedPercent }: Shortcuts = isEmbedded(speed) ? shortcuts[speed] : exact;
  const end = Math.ceil((steps * guidedPercent) / 100);
  const lastGuided = isGuided ? end : 0;
  const kinds = Array.from({ length: steps }, (_, step) => ({
    isGuided: step < lastGuided && Math.max(0, step - guidedFirst + 1) % guidedEvery === 0,
    sharesGuidance: step < lastGuided && guidedEvery > 1,
  }));
  return { kinds, restart: isGuided && end < steps ? end : null };
}

function isEmbedded(speed: SpeedName): speed is keyof typeof shortcuts {
  return Object.hasOwn(shortcuts, speed);
}
