/** How a wall is put up: what stands in its address before the `#`, and stays as it is. */
import type { OrgLevel } from './organisations';

export const PROFILES = ['province', 'city', 'county'] as const;
/** What a wall of this level has beside the map. */
export type Profile = (typeof PROFILES)[number];

/** How far those who look stand away. */
export type Distance = 'near' | 'normal' | 'far';

export interface Setting {
  /** Null: by the level of the organisation in view. */
  profile: Profile | null;
  /** Nobody sits at this screen. */
  kiosk: boolean;
  distance: Distance;
  /** The full hour at whose start, or somewhat later, a kiosk loads itself anew. */
  reloadHour: number;
}

const RELOAD_HOUR = 4;
const SCALES: Record<Distance, number> = { near: 0.9, normal: 1, far: 1.12 };

/** Reads `?profile=city&kiosk=1&distance=far&reload=4`; what is not understood is the default. */
export function parseSetting(search: string): Setting {
  const query = new URLSearchParams(search);
  const distance = query.get('distance');
  const hour = Number(query.get('reload') ?? RELOAD_HOUR);
  return {
    profile: PROFILES.find((profile) => profile === query.get('profile')) ?? null,
    kiosk: query.get('kiosk') === '1',
    distance: distance === 'near' || distance === 'far' ? distance : 'normal',
    reloadHour: Number.isInteger(hour) && hour >= 0 && hour < 24 ? hour : RELOAD_HOUR,
  };
}

/** By what every size is multiplied. */
export function scaleOf(setting: Setting): number {
  return SCALES[setting.distance];
}

/** The profile asked for, else the one that suits the organisation in view. */
export function profileOf(setting: Setting, level: OrgLevel): Profile {
  if (setting.profile !== null) return setting.profile;
  return level === 'station' ? 'county' : level;
}
