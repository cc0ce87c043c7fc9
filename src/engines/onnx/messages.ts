import type { EngineProgress, GenerateRequest, GenerateResult, ModelDescription } from '../image-engine.ts';

/** From the engine to its drawing process. Both ends are one program, so these are not parsed. */
export type ToDrawingProcess =
  | { readonly type: 'open'; readonly modelDir: string; readonly threads: number }
  | { readonly type: 'draw'; readonly id: number; readonly request: GenerateRequest }
  | { readonly type: 'cancel'; readonly id: number };

/** An error as data: only what crosses the port. */
export interface PlainError {
  readonly code: string;
  readonly message: string;
  readonly retryable: boolean;
}

/** From the drawing process to the engine. */
export type FromDrawingProcess =
  | { readonly type: 'ready'; readonly model: ModelDescription; readonly openMs: number }
  | { readonly type: 'refused'; readonly problems: readonly string[] }
  | { readonly type: 'progress'; readonly id: number; readonly progress: EngineProgress }
  | { readonly type: 'done'; readonly id: number; readonly result: GenerateResult }
  | { readonly type: 'failed'; readonly id: number; readonly error: PlainError };
