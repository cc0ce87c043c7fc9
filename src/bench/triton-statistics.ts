import { create } from '@bufbuild/protobuf';
import {
  GRPCInferenceService,
  ModelStatisticsRequestSchema,
  ServerLiveRequestSchema,
} from '../../proto/gen/inference_pb.ts';
import type { Config } from '../config.ts';
import { type Connection, createConnection } from '../engines/triton/connection.ts';
import { resolveServers } from '../engines/triton/server-address.ts';
import { parseHeader } from '../engines/triton/triton-engine.ts';
import { QuartetError } from '../errors.ts';
import { tlsFilesOf } from '../main.ts';
import type { BenchTools } from './bench-bot.ts';
import { median } from './table.ts';

/** What all servers together have counted since their model was loaded. */
export interface Counted {
  readonly requests: number;
  /** From a request's arrival in Triton to the end of its last answer, summed. */
  readonly totalMs: number;
}

/** Triton's own counters. */
export interface TritonStatistics {
  read(): Promise<Counted>;
  /** Milliseconds that Triton counted for the one request since `before`; it counts a moment after it has answered. */
  requestMsSince(before: Counted): Promise<number>;
  /** Milliseconds of a call that asks for nothing, there and back. */
  roundTripMs(): Promise<number>;
  close(): void;
}

const timeoutMs = 3_000;
const roundTrips = 50;

/** Connections of its own to the servers of the settings. */
export async function openStatistics(config: Config, { clock, now }: BenchTools): Promise<TritonStatistics> {
  const addresses = await resolveServers(config.TRITON_URLS ?? [], tlsFilesOf(config));
  const authHeader = parseHeader(config.TRITON_AUTH_HEADER ?? undefined);
  const connections = addresses.map((address) => createConnection({ ...address, authHeader, clock: now }));

  const readOne = async (connection: Connection): Promise<Counted> => {
    const question = create(ModelStatisticsRequestSchema, { name: config.TRITON_MODEL });
    const { modelStats } = await connection.ask(GRPCInferenceService.method.modelStatistics, question, timeoutMs);
    const success = modelStats.map(({ inferenceStats }) => inferenceStats?.success);
    return {
      requests: success.reduce((sum, counter) => sum + Number(counter?.count ?? 0), 0),
      totalMs: success.reduce((sum, counter) => sum + Number(counter?.ns ?? 0), 0) / 1_000_000,
    };
  };
  const read = async (): Promise<Counted> => {
    const all = await Promise.all(connections.map(readOne));
    return {
      requests: all.reduce((sum, { requests }) => sum + requests, 0),
      totalMs: all.reduce((sum, { totalMs }) => sum + totalMs, 0),
    };
  };

  return {
    read,
    async requestMsSince(before) {
      const giveUpAt = clock() + timeoutMs;
      for (;;) {
        const now = await read();
        const requests = now.requests - before.requests;
        if (requests === 1) return now.totalMs - before.totalMs;
        if (requests > 1 || clock() > giveUpAt) {
          throw new QuartetError('bench_failed', `Expected Triton to have had one request, got ${requests}.`);
        }
      }
    },
    async roundTripMs() {
      const times: number[] = [];
      for (const connection of connections) {
        for (let trip = 0; trip < roundTrips; trip += 1) {
          const begun = clock();
          await connection.ask(GRPCInferenceService.method.serverLive, create(ServerLiveRequestSchema), timeoutMs);
          times.push(clock() - begun);
        }
      }
      return median(times);
    },
    close() {
      for (const connection of connections) connection.close();
    },
  };
}
