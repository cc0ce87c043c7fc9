/** Bounds of what is sent to a Triton server and taken from it. */
export const tritonLimits = {
  /** grpc-js refuses more than 4 MiB unless told otherwise; four pictures of 1024x1024 are 12.6 MB. */
  maxReceiveBytes: 33_554_432, // 32 MiB
  /**
   * Triton counts a ping that comes within 5 minutes of the last one, while it sends nothing, as a strike, and
   * answers the third with GOAWAY (`--grpc-http2-min-recv-ping-interval-without-data`). Probes notice a dead
   * connection long before.
   */
  keepaliveTimeMs: 330_000, // 5.5 minutes
  keepaliveTimeoutMs: 20_000,
  initialReconnectMs: 250,
  maxReconnectMs: 5_000,
  /** Requests in the hands of one server, those in Triton's own queue included. */
  maxOutstanding: 16,
  /** How long a stream may stay open after its pictures came. */
  lingerMs: 5_000,
} as const;

/** How long the engine waits for what. */
export interface TritonTimes {
  /** For a connection to a server, in milliseconds: grpc-js itself would wait for ever. @default 5_000 */
  readonly connectMs?: number;
  /** Between two readiness probes of a server. @default 5_000 */
  readonly probeMs?: number;
  /** For the answer to a probe. @default 3_000 */
  readonly probeTimeoutMs?: number;
  /** Between two messages of a drawing; waiting in Triton's queue counts. @default 120_000 */
  readonly silenceMs?: number;
  /** For a whole drawing. @default 600_000 */
  readonly drawingMs?: number;
  /** For the first server to be ready when the program starts. @default 3_000 */
  readonly startMs?: number;
}

/** What `TritonTimes` says where it says nothing. */
export const defaultTimes = {
  connectMs: 5_000,
  probeMs: 5_000,
  probeTimeoutMs: 3_000,
  silenceMs: 120_000, // 2 minutes
  drawingMs: 600_000, // 10 minutes
  startMs: 3_000,
} as const satisfies Required<TritonTimes>;
