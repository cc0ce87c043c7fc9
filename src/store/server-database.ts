import pg from 'pg';
import type { Logger } from 'pino';
import { ConfigError, StoreError } from '../errors.ts';
import type { Database, Sql } from './database.ts';
import { toStoreError } from './store-error.ts';

/** How to reach a PostgreSQL server. */
export interface ServerDatabaseOptions {
  /** `postgres://user:password@host:port/name` */
  readonly databaseUrl: string;
  readonly logger: Logger;
  /** Longest that one call may take, waiting for a connection included. @default 2_500 */
  readonly deadlineMs?: number;
  /** Connections at most. @default 10 */
  readonly maxConnections?: number;
}

const defaults = { deadlineMs: 2_500, maxConnections: 10 } as const;

/** A pool of connections to a server. Connects with the first statement. */
export function createServerDatabase(options: ServerDatabaseOptions): Database {
  const { databaseUrl, logger, deadlineMs, maxConnections } = { ...defaults, ...options };
  if (!URL.canParse(databaseUrl)) {
    // Not shown: it may hold a password.
    throw new ConfigError([
      'DATABASE_URL: expected postgres://user:password@host:port/name, got one that cannot be read.',
    ]);
  }
  const pool = new pg.Pool({
    connectionString: databaseUrl,
    max: maxConnections,
    connectionTimeoutMillis: deadlineMs,
    // A server that works on for a client that has given up would keep its locks.
    statement_timeout: deadlineMs,
    idle_in_transaction_session_timeout: 2 * deadlineMs,
    application_name: 'quartet',
    keepAlive: true,
  });
  // An idle connection that breaks is replaced with the next statement; unheard, the event would end the process.
  pool.on('error', (error) => logger.warn({ err: error }, 'a database connection broke'));
  let closing: Promise<void> | null = null;

  const withClient = async <Result>(work: (sql: Sql) => Promise<Result>): Promise<Result> => {
    const deadline = Promise.withResolvers<never>();
    const timer = setTimeout(() => {
      const message = `The database did not answer within ${deadlineMs} ms.`;
      deadline.reject(new StoreError('database_unavailable', message, { retryable: true }));
    }, deadlineMs);
    // On the deadline the connection is destroyed, not returned: a transaction under way on it never commits.
    const connecting = pool.connect();
    let broken: Error | undefined;
    try {
      const client = await Promise.race([connecting, deadline.promise]);
      const sql = toSql(client);
      return await Promise.race([work(sql), deadline.promise]);
    } catch (error) {
      const translated = toStoreError(error);
      if (translated.code === 'database_unavailable') broken = translated;
      throw translated;
    } finally {
      clearTimeout(timer);
      const reason = broken;
      connecting.then(
        (client) => client.release(reason ?? false),
        () => undefined,
      );
    }
  };

  return {
    name: `server (${new URL(databaseUrl).host})`,
    exclusive: false,
    query: (text, values) => withClient((sql) => sql.query(text, values)),
    script: (text) => withClient((sql) => sql.script(text)),
    transaction: (work) =>
      withClient(async (sql) => {
        await sql.script('begin');
        try {
          const result = await work(sql);
          await sql.script('commit');
          return result;
        } catch (error) {
          await sql.script('rollback').catch(() => undefined);
          throw error;
        }
      }),
    close: () => (closing ??= pool.end()),
  };
}

function toSql(client: pg.PoolClient): Sql {
  return {
    query: async (text, values = []) => {
      const { rows } = await client.query<Record<string, unknown>>(text, [...values]);
      return rows;
    },
    script: async (text) => {
      await client.query(text);
    },
  };
}
