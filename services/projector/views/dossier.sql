-- Dossiers (卷宗) as they stand.
-- view
CREATE OR REPLACE VIEW dossier AS
WITH JSONExtract(state, 'Tuple(
    case_no String,
    kind String,
    pages Nullable(UInt32),
    due_at String,
    cabinet String,
    due_back String,
    missing Array(String)
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
    shown.kind AS kind,
    shown.pages AS pages,
    parseDateTime64BestEffortOrNull(shown.due_at, 6, 'UTC') AS due_at,
    shown.cabinet AS cabinet,
    parseDateTime64BestEffortOrNull(shown.due_back, 6, 'UTC') AS due_back,
    shown.missing AS missing,
    state
FROM things FINAL
WHERE element = 'dossier'
