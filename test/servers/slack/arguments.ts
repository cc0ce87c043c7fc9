import { type Json, Refusal } from './refusal.ts';

/** What a call of the Web API was sent, form or JSON, read as leniently as the platform reads it. */
export interface Arguments {
  /** Null when absent or empty. */
  text(name: string): string | null;
  /** Refuses a call without it. */
  required(name: string): string;
  flag(name: string): boolean;
  integer(name: string): number | null;
  /** An object or a list, as itself or as a string of JSON; undefined when absent. */
  json(name: string, refusal: string): unknown;
  has(name: string): boolean;
  readonly all: Json;
}

export function readArguments(all: Json): Arguments {
  const array = Object.keys(all).find((name) => name.includes('['));
  if (array !== undefined) throw new Refusal('invalid_array_arg');

  const text = (name: string): string | null => {
    const value = all[name];
    if (value === undefined || value === null || value === '') return null;
    return typeof value === 'object' ? JSON.stringify(value) : String(value as string | number | boolean);
  };

  return {
    all,
    text,
    required(name) {
      const value = text(name);
      if (value === null) {
        throw new Refusal('invalid_arguments', {
          response_metadata: { messages: [`[ERROR] missing required field: ${name}`] },
        });
      }
      return value;
    },
    flag: (name) => ['true', '1'].includes(text(name) ?? ''),
    integer(name) {
      const value = text(name);
      return value === null || !/^\d+$/.test(value) ? null : Number(value);
    },
    json(name, refusal) {
      const value = all[name];
      if (value === undefined || value === null || value === '') return undefined;
      if (typeof value !== 'string') return value;
      try {
        return JSON.parse(value) as unknown;
      } catch {
        throw new Refusal(refusal);
      }
    },
    has: (name) => all[name] !== undefined && all[name] !== null,
  };
}
