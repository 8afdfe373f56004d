-- Rooms (场所) as they stand.
-- view
CREATE OR REPLACE VIEW place AS
WITH JSONExtract(state, 'Tuple(
    zone String,
    kind String,
    name String,
    occupancy Nullable(UInt32),
    capacity Nullable(UInt32),
    guard Nullable(Bool),
    disk_left Nullable(Float64)
)') AS shown
SELECT
    id,
    version,
    org,
    status,
    since,
    unusual,
    type,
    occurred_at,
    recorded_at,
    received_at,
    node,
    position,
    shown.zone AS zone,
    shown.kind AS kind,
    shown.name AS name,
    shown.occupancy AS occupancy,
    shown.capacity AS capacity,
    shown.guard AS guard,
    shown.disk_left AS disk_left,
    state
FROM things FINAL
WHERE element = 'place'
