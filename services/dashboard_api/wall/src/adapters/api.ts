/** The server's HTTP side. */
import type { ElementName } from '../protocol/frames';
import type { Organisation } from '../model/organisations';
import type { ElementList, ThingDetail, CaseTimeline } from '../model/things';
import type { Vocabulary } from '../model/vocabulary';
import type { Topology } from 'topojson-specification';

/** An answer that is not 2xx, or none at all (`status` 0). */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
  ) {
    super(`${status} ${code}`);
    this.name = 'ApiError';
  }
}

export interface ListQuery {
  status: string | null;
  cursor: string | null;
  limit: number;
}

type Query = Record<string, string | number | null>;

async function read<T>(path: string, token: string | null, query: Query = {}): Promise<T> {
  const given = Object.entries(query).filter(([, value]) => value !== null);
  const search = new URLSearchParams(given.map(([key, value]) => [key, String(value)]));
  const address = given.length === 0 ? path : `${path}?${search.toString()}`;
  let response: Response;
  try {
    response = await fetch(address, {
      headers: token === null ? {} : { Authorization: `Bearer ${token}` },
      cache: 'no-store',
    });
  } catch {
    throw new ApiError(0, 'unreachable');
  }
  if (!response.ok) throw new ApiError(response.status, await problemCode(response));
  return (await response.json()) as T;
}

async function problemCode(response: Response): Promise<string> {
  try {
    const problem = (await response.json()) as { code?: string };
    return problem.code ?? response.statusText;
  } catch {
    return response.statusText;
  }
}

/** The read-only token of a demo server; null where the server is none. */
export async function demoToken(): Promise<string | null> {
  try {
    return (await read<{ token: string }>('/v1/demo/session', null)).token;
  } catch (error) {
    if (error instanceof ApiError && error.status >= 400 && error.status < 500) return null;
    throw error;
  }
}

export class Api {
  constructor(private readonly token: string) {}

  vocabulary(): Promise<Vocabulary> {
    return read('/v1/vocabulary', this.token);
  }

  async organisations(): Promise<Organisation[]> {
    return (await read<{ items: Organisation[] }>('/v1/orgs', this.token)).items;
  }

  /** Null where the server has no map of this force. */
  async map(): Promise<Topology | null> {
    try {
      return await read<Topology>('/v1/map', this.token);
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) return null;
      throw error;
    }
  }

  list(org: string, element: ElementName, query: ListQuery): Promise<ElementList> {
    return read(`/v1/orgs/${org}/elements/${element}`, this.token, { ...query });
  }

  thing(element: ElementName, id: string): Promise<ThingDetail> {
    return read(`/v1/elements/${element}/${encodeURIComponent(id)}`, this.token);
  }

  timeline(caseNo: string, axis: 'occurred' | 'received'): Promise<CaseTimeline> {
    return read(`/v1/cases/${encodeURIComponent(caseNo)}/timeline`, this.token, { axis });
  }
}
