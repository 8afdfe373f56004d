"""READ: panels, the live socket, drill-down, timelines and the wall."""

from services.dashboard_api.runtime import Dashboard, Options, application
from services.dashboard_api.socket import LiveSocket

__all__ = ["Dashboard", "LiveSocket", "Options", "application"]
