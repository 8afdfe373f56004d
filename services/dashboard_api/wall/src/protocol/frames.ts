/** The shapes that the server sends, as docs/protocol.md shows them. */

export const ELEMENTS = ['incident', 'person', 'property', 'case', 'place', 'dossier'] as const;
export type ElementName = (typeof ELEMENTS)[number];
export type PanelName = ElementName | 'freshness';
export const PANELS: readonly PanelName[] = [...ELEMENTS, 'freshness'];

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type JsonObject = { [key: string]: Json };

/** How many active things there are, and how many in each status (final ones too). */
export interface Level {
  total: number;
  statuses: Record<string, number>;
}

export interface ElementFrame extends Level {
  panel: ElementName;
  org: string;
  as_of: string;
  children: Record<string, Level>;
  counties: Record<string, number>;
  /** Ten-minute buckets of the last 24 h by bucket end; null or absent = unknown. */
  trend: Record<string, number | null>;
}

export type SourceState = 'fresh' | 'late' | 'silent' | 'never';

export interface Source {
  state: SourceState;
  last_received_at: string | null;
  last_occurred_at: string | null;
  lag_s: number | null;
  missing: number;
}

export interface FreshnessFrame {
  panel: 'freshness';
  org: string;
  as_of: string;
  counts: Record<string, number>;
  sources: Record<string, Source>;
}

export type Frame = ElementFrame | FreshnessFrame;

export interface Patch {
  offset: number;
  as_of: string;
  patch: JsonObject;
}

/** What a subscribe is answered with: a whole frame, or the patches missed, never half. */
export type Subscribed = { channel: string; epoch: string; offset: number } & (
  { recovered: false; snapshot: JsonObject } | { recovered: true; patches: Patch[] }
);

export interface Hello {
  server: string;
  time: string;
  org: string;
  role: string;
  heartbeat_s: number;
}

export interface WireError {
  code: string;
  message: string;
  temporary: boolean;
}

export type Push =
  | { push: 'patch'; channel: string; offset: number; as_of: string; patch: JsonObject }
  | { push: 'snapshot'; channel: string; epoch: string; offset: number; snapshot: JsonObject }
  | { push: 'heartbeat'; time: string; as_of: string | null }
  | ReplayPush;

/** How a replay runs; see docs/protocol.md, "Replaying". */
export type ReplayState = 'playing' | 'paused' | 'ended' | 'stopped';

export interface ReplayPush {
  push: 'replay';
  replay: string;
  n: number;
  moment: string;
  speed: number;
  state: ReplayState;
  /** By panel; a panel that did not change is left out. */
  frames: Record<string, { snapshot: JsonObject } | { patch: JsonObject }>;
  error?: WireError;
}

export type Reply = { id: number; ok: JsonObject } | { id: number; error: WireError };

export function channelOf(panel: PanelName, org: string): string {
  return `${panel}/${org}`;
}
