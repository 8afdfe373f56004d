-- The people in an area as they stand. Whose newest row is one of these has such a row: so the
-- few are found without FINAL first, and FINAL then looks at their granules alone, not at
-- everybody who ever was inside.
SELECT id, org, status, state
FROM things FINAL
WHERE element = 'person'
  AND id IN (
      SELECT id FROM things
      WHERE element = 'person'
        AND startsWith(org, {scope:String})
        AND status IN {statuses:Array(String)}
  )
  AND startsWith(org, {scope:String})
  AND status IN {statuses:Array(String)}
