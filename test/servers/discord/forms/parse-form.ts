import { z } from 'zod';
import { type FormProblem, invalidForm } from '../refusal.ts';

/** Check a body as Discord does: unknown fields are ignored, every problem is named by its field. */
export function parseForm<Schema extends z.ZodType>(schema: Schema, body: unknown): z.output<Schema> {
  const result = schema.safeParse(body, { reportInput: true });
  if (result.success) return result.data;
  throw invalidForm(result.error.issues.map((issue) => ({ path: issue.path, ...toProblem(issue) })));
}

/** A problem of our own rules, in Discord's words; used inside `superRefine`. */
export function problem(code: string, message: string, path: PropertyKey[] = []) {
  return { code: 'custom', message, path, params: { code } } as const;
}

/** A union told apart by `type`, refused with the types that are allowed there. */
export function componentOf<const Options extends readonly [z.ZodObject, ...z.ZodObject[]]>(
  types: readonly number[],
  options: Options,
) {
  return z.discriminatedUnion('type', options, {
    error: () => `Value of field "type" must be one of (${types.join(', ')}).`,
  });
}

function toProblem(issue: z.core.$ZodIssue): FormProblem {
  switch (issue.code) {
    case 'invalid_type':
      return issue.input === undefined
        ? { code: 'BASE_TYPE_REQUIRED', message: 'This field is required' }
        : {
            code: `${issue.expected.toUpperCase()}_TYPE_CONVERT`,
            message: `Could not interpret as ${issue.expected}.`,
          };
    case 'too_small':
    case 'too_big':
      return toRange(issue);
    case 'invalid_value':
      return {
        code: 'BASE_TYPE_CHOICES',
        message: `Value must be one of {${issue.values.map((value) => (typeof value === 'string' ? `'${value}'` : String(value))).join(', ')}}.`,
      };
    case 'invalid_format':
      return issue.message === 'is not snowflake.'
        ? { code: 'NUMBER_TYPE_COERCE', message: `Value "${String(issue.input)}" is not snowflake.` }
        : { code: 'STRING_TYPE_REGEX', message: `String value did not match validation regex.` };
    case 'invalid_union':
      return { code: 'UNION_TYPE_CHOICES', message: issue.message };
    case 'custom':
      return { code: String(issue.params?.code ?? 'BASE_TYPE_INVALID'), message: issue.message };
    default:
      return { code: 'BASE_TYPE_INVALID', message: issue.message };
  }
}

function toRange(issue: z.core.$ZodIssueTooSmall | z.core.$ZodIssueTooBig): FormProblem {
  const bound = String(issue.code === 'too_small' ? issue.minimum : issue.maximum);
  const measured = issue.origin === 'string' || issue.origin === 'array';
  if (!measured) {
    return issue.code === 'too_small'
      ? { code: 'NUMBER_TYPE_MIN', message: `int value should be greater than or equal to ${bound}.` }
      : { code: 'NUMBER_TYPE_MAX', message: `int value should be less than or equal to ${bound}.` };
  }
  if (issue.code === 'too_big')
    return { code: 'BASE_TYPE_MAX_LENGTH', message: `Must be ${bound} or fewer in length.` };
  return bound === '1'
    ? { code: 'BASE_TYPE_REQUIRED', message: 'This field is required' }
    : { code: 'BASE_TYPE_MIN_LENGTH', message: `Must be ${bound} or more in length.` };
}
