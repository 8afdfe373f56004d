-- Persons (人员) as they stand: one row for each stay in a handling area.
-- view
CREATE OR REPLACE VIEW person AS
WITH JSONExtract(state, 'Tuple(
    case_no String,
    jq_no String,
    arrived_at String,
    admitted_at String,
    limit_h Nullable(Float64),
    case_reason String,
    measure String,
    risk_level String,
    to_room String,
    next_due String,
    left_at String
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
    shown.case_no AS case_no,
    shown.jq_no AS jq_no,
    parseDateTime64BestEffortOrNull(shown.arrived_at, 6, 'UTC') AS arrived_at,
    parseDateTime64BestEffortOrNull(shown.admitted_at, 6, 'UTC') AS admitted_at,
    shown.limit_h AS limit_h,
    shown.case_reason AS case_reason,
    shown.measure AS measure,
    shown.risk_level AS risk_level,
    shown.to_room AS to_room,
    parseDateTime64BestEffortOrNull(shown.next_due, 6, 'UTC') AS next_due,
    parseDateTime64BestEffortOrNull(shown.left_at, 6, 'UTC') AS left_at,
    state
FROM things FINAL
WHERE element = 'person'
