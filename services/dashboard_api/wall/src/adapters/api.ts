/** The server's HTTP side. */
import type { ElementName, Frame, PanelName } from '../protocol/frames';
import type { Organisation } from '../model/organisations';
import type { Axis, CaseTimeline, ClockList, ElementList, ThingDetail } from '../model/things';
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

  /** The same question may be answered later. */
  get temporary(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

export interface ListQuery {
  status: string | null;
  cursor: string | null;
  limit: number;
  /** Null: the present. A page after the first carries its moment in the cursor. */
  as_of: string | null;
}

type Query = Record<string, string | number | null>;

async function read<T>(path: string, token: string | null, query: Query = {}): Promise<T> {
  return (await (await ask(path, token, query)).json()) as T;
}

async function file(path: string, token: string | null, query: Query): Promise<Blob> {
  return (await ask(path, token, query)).blob();
}

async function ask(path: string, token: string | null, query: Query): Promise<Response> {
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
  return response;
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

  /** A panel as it stood at a moment; one later than what is known gives the newest. */
  panel(org: string, panel: PanelName, asOf: string): Promise<Frame> {
    return read(`/v1/orgs/${org}/panels/${panel}`, this.token, { as_of: asOf });
  }

  thing(element: ElementName, id: string, asOf: string | null): Promise<ThingDetail> {
    return read(`/v1/elements/${element}/${encodeURIComponent(id)}`, this.token, { as_of: asOf });
  }

  timeline(caseNo: string, axis: Axis, asOf: string | null): Promise<CaseTimeline> {
    const path = `/v1/cases/${encodeURIComponent(caseNo)}/timeline`;
    return read(path, this.token, { axis, as_of: asOf });
  }

  /** Those in the area with the least time left; null where the server has no clocks. */
  async clocks(org: string, asOf: string | null, limit: number): Promise<ClockList | null> {
    try {
      return await read(`/v1/orgs/${org}/clocks`, this.token, { as_of: asOf, limit });
    } catch (error) {
      if (error instanceof ApiError && error.code === 'Not Found') return null;
      throw error;
    }
  }

  /** A case as a record that can stand by itself. */
  record(caseNo: string, format: 'pdf' | 'json', axis: Axis, asOf: string | null): Promise<Blob> {
    const path = `/v1/cases/${encodeURIComponent(caseNo)}/record`;
    return file(path, this.token, { format, axis, as_of: asOf });
  }
}
