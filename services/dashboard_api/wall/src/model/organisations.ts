/** The tree of organisations. A scope is a prefix of the 12-digit code. */
export type OrgLevel = 'province' | 'city' | 'county' | 'station';

export interface Organisation {
  code: string;
  name: string;
  level: OrgLevel;
  parent: string | null;
  lon: number | null;
  lat: number | null;
}

const PREFIX_DIGITS: Record<OrgLevel, number> = { province: 2, city: 4, county: 6, station: 12 };

export class Organisations {
  readonly #byCode = new Map<string, Organisation>();
  readonly #children = new Map<string, Organisation[]>();
  /** The highest organisation in the token's scope. */
  readonly root: Organisation;

  constructor(items: readonly Organisation[]) {
    for (const org of items) this.#byCode.set(org.code, org);
    for (const org of items) {
      if (!org.parent) continue;
      const siblings = this.#children.get(org.parent) ?? [];
      siblings.push(org);
      this.#children.set(org.parent, siblings);
    }
    const root = items.find((org) => !org.parent || !this.#byCode.has(org.parent));
    if (root === undefined) throw new Error('the token sees no organisation');
    this.root = root;
  }

  find(code: string | null): Organisation | undefined {
    return code === null ? undefined : this.#byCode.get(code);
  }

  name(code: string): string {
    return this.#byCode.get(code)?.name ?? code;
  }

  children(code: string): readonly Organisation[] {
    return this.#children.get(code) ?? [];
  }

  /** From the root down to the organisation itself. */
  path(code: string): Organisation[] {
    const path: Organisation[] = [];
    let org = this.#byCode.get(code);
    while (org !== undefined) {
      path.unshift(org);
      org = org.parent ? this.#byCode.get(org.parent) : undefined;
    }
    return path;
  }

  /** The organisation's ancestor (or itself) at a level. */
  at(code: string, level: OrgLevel): Organisation | undefined {
    return this.path(code).find((org) => org.level === level);
  }

  count(code: string, level: OrgLevel): number {
    const prefix = this.scope(code);
    let n = 0;
    for (const org of this.#byCode.values()) {
      if (org.level === level && org.code.startsWith(prefix)) n += 1;
    }
    return n;
  }

  scope(code: string): string {
    const org = this.#byCode.get(code);
    return code.slice(0, org === undefined ? 12 : PREFIX_DIGITS[org.level]);
  }
}

/** 福州市 → 福州, where the map has little room; a county keeps its 县 or 区. */
export function shortName(org: Organisation): string {
  return org.level === 'city' && org.name.length > 2 ? org.name.replace(/市$/, '') : org.name;
}
