import type { Arguments } from '../arguments.ts';
import { type Json, Refusal } from '../refusal.ts';

/** `{event_type, event_payload}`; null to take away what is there, undefined when nothing was said of it. */
export function readMetadata(args: Arguments): Json | null | undefined {
  const metadata = args.json('metadata', 'invalid_metadata_format');
  if (metadata === undefined) return undefined;
  if (typeof metadata !== 'object' || metadata === null) throw new Refusal('invalid_metadata_format');
  if (Object.keys(metadata).length === 0) return null;
  const { event_type, event_payload } = metadata as Json;
  const whole = typeof event_type === 'string' && event_type !== '' && typeof event_payload === 'object';
  if (!whole || event_payload === null) throw new Refusal('invalid_metadata_schema');
  if (JSON.stringify(metadata).length > 8000) throw new Refusal('metadata_too_large');
  return metadata as Json;
}
