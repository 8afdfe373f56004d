-- The status in which some things were before a moment of the world.
SELECT element, id, argMax(status, (occurred_at, version))
FROM states
WHERE (element, id) IN {things:Array(Tuple(String, String))}
  AND received_at <= {known:DateTime64(6, 'UTC')}
  AND occurred_at < {moment:DateTime64(6, 'UTC')}
GROUP BY element, id
