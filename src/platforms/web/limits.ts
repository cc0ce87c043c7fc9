/** Bounds of what one browser, and all of them together, may ask of the playground. */
export const webLimits = {
  maxJsonBytes: 65_536,
  /** A picture to start from, a mask over it, and one to follow. */
  maxFilesPerForm: 3,
  /** What a form may weigh besides its pictures. */
  formOverheadBytes: 131_072,
  maxStreams: 256,
  maxStreamsPerViewer: 8,
  /** Jobs in a snapshot and in one page of history. */
  pageSize: 24,
  maxPageSize: 60,
  /** Proxies cut silent connections after 60 s at the earliest. */
  heartbeatMs: 15_000,
  /** Places in line and the queue's length are sent at most this often. */
  statusEveryMs: 250,
  /** Time left and the engine's health change without any job changing. */
  statusAtLeastEveryMs: 5_000,
  cookieMaxAgeSeconds: 31_536_000, // one year
  maxThumbnailsKept: 200,
} as const;
