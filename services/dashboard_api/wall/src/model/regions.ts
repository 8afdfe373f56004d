/** The shapes of the counties, and the lines that their borders make at each level. */
import { feature, mesh } from 'topojson-client';
import type { Feature, FeatureCollection, MultiLineString, MultiPolygon, Polygon } from 'geojson';
import type { GeometryCollection, GeometryObject, Topology } from 'topojson-specification';

export type County = Feature<Polygon | MultiPolygon> & { id: string };

function idOf(geometry: GeometryObject): string {
  return String(geometry.id);
}

export class Regions {
  readonly counties: readonly County[];
  readonly #topology: Topology;
  readonly #object: GeometryCollection;

  constructor(topology: Topology) {
    this.#topology = topology;
    this.#object = topology.objects['counties'] as GeometryCollection;
    const { features } = feature(topology, this.#object);
    this.counties = features.map((county) => ({ ...county, id: String(county.id) }) as County);
  }

  /** The counties whose code begins with `prefix`; none where the map does not show it. */
  within(prefix: string): FeatureCollection {
    const features = this.counties.filter((county) => county.id.startsWith(prefix.slice(0, 6)));
    return { type: 'FeatureCollection', features };
  }

  /** The borders between regions that differ in their first `digits` digits. */
  borders(digits: number): MultiLineString {
    return mesh(
      this.#topology,
      this.#object,
      (a, b) => a !== b && idOf(a).slice(0, digits) !== idOf(b).slice(0, digits),
    );
  }

  /** The outline of the region that `prefix` names, coast included. */
  outline(prefix: string): MultiLineString {
    const inside = (geometry: GeometryObject): boolean => idOf(geometry).startsWith(prefix);
    return mesh(this.#topology, this.#object, (a, b) =>
      a === b ? inside(a) : inside(a) !== inside(b),
    );
  }
}
