import type { z } from 'zod';
import { StoreError } from '../errors.ts';

/** A value that both drivers pass the same way; JSON goes as text. */
export type SqlValue = string | number | boolean | null | readonly string[];

/** Where statements run: the database itself or one transaction of it. */
export interface Sql {
  query(text: string, values?: readonly SqlValue[]): Promise<readonly unknown[]>;
  /** Several statements without values. */
  script(text: string): Promise<void>;
}

/** A PostgreSQL, embedded or a server. */
export interface Database extends Sql {
  /** For people: "embedded (./data/db)". */
  readonly name: string;
  /** No other process can have it open. */
  readonly exclusive: boolean;
  transaction<Result>(work: (sql: Sql) => Promise<Result>): Promise<Result>;
  close(): Promise<void>;
}

/** The rows that a statement returns, checked. */
export async function rows<Row>(
  sql: Sql,
  schema: z.ZodType<Row>,
  text: string,
  values: readonly SqlValue[] = [],
): Promise<Row[]> {
  const found = await sql.query(text, values);
  return found.map((row) => {
    const parsed = schema.safeParse(row);
    if (parsed.success) return parsed.data;
    throw new StoreError('row_damaged', `Expected a row that this version understands, got one that it does not`, {
      cause: parsed.error,
    });
  });
}

/** The first row, or null. */
export async function row<Row>(
  sql: Sql,
  schema: z.ZodType<Row>,
  text: string,
  values: readonly SqlValue[] = [],
): Promise<Row | null> {
  return (await rows(sql, schema, text, values))[0] ?? null;
}
