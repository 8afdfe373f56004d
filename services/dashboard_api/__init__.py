"""READ: panels, the live socket, drill-down and timelines."""
