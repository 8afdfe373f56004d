-- Cases (案件) as they stand.
-- view
CREATE OR REPLACE VIEW case AS
WITH JSONExtract(state, 'Tuple(
    type String,
    case_reason String,
    jq_no String,
    accepted_at String,
    opened_at String,
    measure String,
    expiry String,
    decision String,
    procedure String,
    decided_at String,
    result String,
    closed_at String
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
    shown.type AS kind,
    shown.case_reason AS case_reason,
    shown.jq_no AS jq_no,
    parseDateTime64BestEffortOrNull(shown.accepted_at, 6, 'UTC') AS accepted_at,
    parseDateTime64BestEffortOrNull(shown.opened_at, 6, 'UTC') AS opened_at,
    shown.measure AS measure,
    parseDateTime64BestEffortOrNull(shown.expiry, 6, 'UTC') AS expiry,
    shown.decision AS decision,
    shown.procedure AS procedure,
    parseDateTime64BestEffortOrNull(shown.decided_at, 6, 'UTC') AS decided_at,
    shown.result AS result,
    parseDateTime64BestEffortOrNull(shown.closed_at, 6, 'UTC') AS closed_at,
    state
FROM things FINAL
WHERE element = 'case'
