/** One replay's pushes folded into the frames of its newest moment. */
import type { JsonObject, ReplayPush, ReplayState } from './frames';
import { mergePatch } from './merge';

export interface Playback {
  replay: string;
  n: number;
  moment: string;
  state: ReplayState;
  /** By panel. All of one moment. */
  frames: ReadonlyMap<string, JsonObject>;
}

/** `old` belongs to a replay that was given up; `gap` says that something was lost. */
export type Turn = { kind: 'moved'; playback: Playback } | { kind: 'old' } | { kind: 'gap' };

/** What the server said when it began: nothing is shown before the first push. */
export function begun(answer: JsonObject): Playback {
  return {
    replay: String(answer['replay']),
    n: -1,
    moment: String(answer['moment']),
    state: 'playing',
    frames: new Map(),
  };
}

export function turned(held: Playback, push: ReplayPush): Turn {
  if (push.replay !== held.replay || push.n <= held.n) return { kind: 'old' };
  if (push.n !== held.n + 1) return { kind: 'gap' };
  const frames = new Map(held.frames);
  for (const [panel, told] of Object.entries(push.frames)) {
    const before = frames.get(panel);
    if ('snapshot' in told) frames.set(panel, told.snapshot);
    else if (before === undefined) return { kind: 'gap' };
    else frames.set(panel, mergePatch(before, told.patch) as JsonObject);
  }
  const { replay, n, moment, state } = push;
  return { kind: 'moved', playback: { replay, n, moment, state, frames } };
}
