import type { JsonObject, Patch, Subscribed } from './frames';
import { mergePatch } from './merge';

/** What the wall holds of one channel: enough to show it and to ask for what came after. */
export interface Held {
  epoch: string;
  offset: number;
  frame: JsonObject;
  asOf: string;
}

/** `old` was applied before; `gap` says that something was lost and must be asked for. */
export type Step = { kind: 'held'; held: Held } | { kind: 'old' } | { kind: 'gap' };

export function applyPatch(held: Held, patch: Patch): Step {
  if (patch.offset <= held.offset) return { kind: 'old' };
  if (patch.offset !== held.offset + 1) return { kind: 'gap' };
  const merged = mergePatch(held.frame, patch.patch) as JsonObject;
  const frame = { ...merged, as_of: patch.as_of };
  return {
    kind: 'held',
    held: { epoch: held.epoch, offset: patch.offset, frame, asOf: patch.as_of },
  };
}

export function fromSnapshot(snapshot: JsonObject, epoch: string, offset: number): Held {
  return { epoch, offset, frame: snapshot, asOf: String(snapshot['as_of'] ?? '') };
}

/**
 * The answer to a subscribe laid over what was held. Null when the patches do not join what is
 * held: then only a snapshot helps.
 */
export function resume(held: Held | undefined, answer: Subscribed): Held | null {
  if (!answer.recovered) return fromSnapshot(answer.snapshot, answer.epoch, answer.offset);
  if (held === undefined || held.epoch !== answer.epoch) return null;
  let current = held;
  for (const patch of answer.patches) {
    const step = applyPatch(current, patch);
    if (step.kind === 'gap') return null;
    if (step.kind === 'held') current = step.held;
  }
  return current.offset === answer.offset ? current : null;
}
