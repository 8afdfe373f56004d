"""The ``yiping`` command."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from services.backbone.errors import BackboneError
from services.backbone.settings import Settings, from_environment

DESCRIPTION = """\
Yiping (一屏): every fact of a province's law enforcement, kept for ever, on one screen.

  yiping demo                                    a simulated province, live, on one machine
  yiping serve --data DIR                        all services in one process
  yiping token issue --data DIR --org 350000000000 --role supervisor
  yiping simulate --url URL --days 7             facts as 92 centres would send them
  yiping import FILE --mapping MAP.yaml --url URL
  yiping export ocel --data DIR --output FILE    a log that process-mining tools open
  yiping views check --data DIR                  every view against a fold of the event store
  yiping verify --data DIR                       proof that nothing recorded was altered
"""

# What each process of a cluster does; its first sentence stands in the list of commands.
INGEST = (
    "the doors and the event store alone. With YIPING_EVENT_STORE=postgresql://… one process"
    " writes; another on the same database is ready when that one has gone."
)
RELAY = (
    "the event store's log to Kafka, in order. From YIPING_EVENT_STORE to YIPING_LOG=kafka://…;"
    " one process relays, others stand by; what was delivered is noted in the event store."
)
PROJECT = (
    "the log into the views. From YIPING_LOG to YIPING_WAREHOUSE; processes with one YIPING_GROUP"
    " share the partitions and take over those of one that is gone. `yiping views apply` makes the"
    " views first."
)
DASHBOARD = (
    "the wall and the read API alone. It reads the warehouse (YIPING_WAREHOUSE) and keeps nothing:"
    " any number of processes show the same; tokens are checked with the issuer.key in YIPING_KEYS."
)

Command = Callable[[argparse.Namespace], int]


class Subcommand(argparse.ArgumentParser):
    """A command whose arguments another module may know, which is loaded when it is asked for."""

    fill: Callable[[argparse.ArgumentParser], None] | None = None

    def parse_known_args(  # type: ignore[override]  # narrower: no namespace of another type
        self,
        args: Sequence[str] | None = None,
        namespace: argparse.Namespace | None = None,
    ) -> tuple[argparse.Namespace, list[str]]:
        """Ask for the arguments once, then as ArgumentParser's."""
        fill, self.fill = self.fill, None
        if fill is not None:
            fill(self)
        return super().parse_known_args(args, namespace)


def parser() -> argparse.ArgumentParser:
    """The command line; each subcommand says in its own --help what it does."""
    root = argparse.ArgumentParser(
        prog="yiping", description=DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = root.add_subparsers(
        dest="command", required=True, metavar="COMMAND", parser_class=Subcommand
    )
    _add_server_commands(commands)
    _add_store_commands(commands)
    _add_export_command(commands)
    _add_client_commands(commands)
    return root


def _add_server_commands(commands: argparse._SubParsersAction[Subcommand]) -> None:
    serve = commands.add_parser("serve", help="all services in one process")
    _data(serve)
    _address(serve)
    _demo_session(serve)
    serve.set_defaults(run=_serve)

    demo = commands.add_parser("demo", help="a simulated province of 92 centres, live")
    _data(demo, default=Path("yiping-demo"))
    _address(demo)
    demo.add_argument("--days", type=int, default=7, help="days of history at the first start (7)")
    demo.add_argument("--seed", type=int, default=1, help="another seed, another province (1)")
    demo.set_defaults(run=_demo)

    for name, text, run in (
        ("ingest", INGEST, _ingest),
        ("relay", RELAY, _relay),
        ("project", PROJECT, _project),
        ("dashboard", DASHBOARD, _dashboard),
    ):
        service = commands.add_parser(name, help=text.partition(".")[0], description=text)
        _data(service)
        _address(service)
        if run is _dashboard:
            _demo_session(service)
        service.set_defaults(run=run)


def _add_store_commands(commands: argparse._SubParsersAction[Subcommand]) -> None:
    token = commands.add_parser("token", help="tokens for centres, walls and people")
    issue = token.add_subparsers(dest="action", required=True).add_parser(
        "issue", help="print one token on standard output"
    )
    _data(issue)
    issue.add_argument("--org", required=True, help="12-digit code; the scope is all below it")
    issue.add_argument(
        "--role", required=True, help="centre, importer, wall, supervisor, legal or auditor"
    )
    issue.add_argument("--days", type=int, default=365, help="how long it is good for (365)")
    issue.set_defaults(run=_token)

    verify = commands.add_parser("verify", help="find any altered, missing or moved event")
    _data(verify)
    verify.set_defaults(run=_verify)

    topics = commands.add_parser("topics", help="the topics on Kafka: plan, apply")
    actions = topics.add_subparsers(dest="action", required=True)
    for name, text in (
        ("plan", "print what apply would do to the topics; change nothing"),
        ("apply", "make the topics of YIPING_LOG and YIPING_DOOR, set what is not as it should be"),
    ):
        action = actions.add_parser(name, help=text, description=text)
        _data(action)
        action.set_defaults(run=_topics)

    views = commands.add_parser(
        "views", help="the read side: list, plan, apply, refeed, rebuild, check"
    )
    actions = views.add_subparsers(dest="action", required=True)
    for name, text in (
        ("list", "every view, whether it stands and how many rows it has"),
        ("plan", "print the SQL that apply would run; change nothing"),
        ("apply", "bring the views to what the files say; one job at a time"),
        ("unlock", "let others change the views after a job was killed while it did"),
        ("refeed", "feed the views from the event store where the log has lost a part"),
        ("rebuild", "fill one view anew beside the old one, then switch"),
        ("check", "every view against a pure fold of the event store; exit 1 on a difference"),
    ):
        action = actions.add_parser(name, help=text, description=text)
        _data(action)
        if name == "rebuild":
            action.add_argument("name", help="the view, as `yiping views list` names it")
        action.set_defaults(run=_views)


def _add_export_command(commands: argparse._SubParsersAction[Subcommand]) -> None:
    export = commands.add_parser("export", help="the facts as a log that other tools read: ocel")
    ocel = export.add_subparsers(dest="action", required=True).add_parser(
        "ocel", help="an object-centric event log, OCEL 2.0 in JSON"
    )
    ocel.fill = _fill_export


def _add_client_commands(commands: argparse._SubParsersAction[Subcommand]) -> None:
    simulate = commands.add_parser("simulate", help="facts as the centres of a province send them")
    simulate.fill = _fill_simulate

    import_ = commands.add_parser(
        "import", help="rows of someone else's log, through the same door"
    )
    import_.fill = _fill_import

    schemas = commands.add_parser("schemas", help="write or check schemas/generated")
    schemas.add_argument("action", choices=("write", "check"))
    schemas.set_defaults(run=_schemas)


def _fill_export(command: argparse.ArgumentParser) -> None:
    from services.exporter.command import add_arguments, run

    _data(command)
    add_arguments(command)
    command.set_defaults(run=run)


def _fill_simulate(command: argparse.ArgumentParser) -> None:
    from services.simulator.command import add_arguments, run

    add_arguments(command)
    command.set_defaults(run=run)


def _fill_import(command: argparse.ArgumentParser) -> None:
    from services.importer.command import add_arguments, run

    add_arguments(command)
    command.set_defaults(run=run)


def _data(command: argparse.ArgumentParser, default: Path | None = None) -> None:
    command.add_argument(
        "--data",
        type=Path,
        default=default,
        metavar="DIR",
        help=f"folder of everything that is kept ({default or 'YIPING_DATA, else yiping-data'})",
    )


def _address(command: argparse.ArgumentParser) -> None:
    command.add_argument("--host", default="127.0.0.1", help="address to listen on (127.0.0.1)")
    command.add_argument("--port", type=int, default=8000, help="port to listen on (8000)")


def _demo_session(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--demo", action="store_true", help="hand a read-only wall token to whoever opens the wall"
    )


def _settings(arguments: argparse.Namespace, *, demo: bool = False) -> Settings:
    return from_environment(arguments.data, demo=demo)


def _serve(arguments: argparse.Namespace) -> int:
    from services.embedded import serve

    return serve(_settings(arguments, demo=arguments.demo), arguments.host, arguments.port)


def _demo(arguments: argparse.Namespace) -> int:
    from services.demonstration import demonstrate

    return demonstrate(
        _settings(arguments, demo=True),
        host=arguments.host,
        port=arguments.port,
        days=arguments.days,
        seed=arguments.seed,
    )


def _ingest(arguments: argparse.Namespace) -> int:
    from services.cluster.ingest import serve_ingest

    return serve_ingest(_settings(arguments), arguments.host, arguments.port)


def _relay(arguments: argparse.Namespace) -> int:
    from services.cluster.relay import serve_relay

    return serve_relay(_settings(arguments), arguments.host, arguments.port)


def _project(arguments: argparse.Namespace) -> int:
    from services.cluster.project import serve_project

    return serve_project(_settings(arguments), arguments.host, arguments.port)


def _dashboard(arguments: argparse.Namespace) -> int:
    from services.cluster.dashboard import serve_dashboard

    settings = _settings(arguments, demo=arguments.demo)
    return serve_dashboard(settings, arguments.host, arguments.port)


def _token(arguments: argparse.Namespace) -> int:
    from schemas import organisations
    from services.ingest.runtime import local_issuer

    settings = _settings(arguments)
    organisations.load(settings.organisations).get(arguments.org)
    print(local_issuer(settings).issue(arguments.org, arguments.role, arguments.days))
    return 0


def _verify(arguments: argparse.Namespace) -> int:
    from services.maintenance import verify

    return verify(_settings(arguments))


def _topics(arguments: argparse.Namespace) -> int:
    from services import topic_commands

    work = {"plan": topic_commands.plan, "apply": topic_commands.apply}[arguments.action]
    return work(_settings(arguments))


def _views(arguments: argparse.Namespace) -> int:
    from services.maintenance import views

    return views(_settings(arguments), arguments.action, getattr(arguments, "name", None))


def _schemas(arguments: argparse.Namespace) -> int:
    from services.maintenance import schema_files

    return schema_files(arguments.action)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; a mistake of the caller ends in one line on standard error."""
    from schemas.errors import SchemaError
    from services.projector.errors import ProjectorError

    arguments = parser().parse_args(argv)
    command: Command = arguments.run
    try:
        return command(arguments)
    except (BackboneError, ProjectorError, SchemaError) as error:
        print(f"yiping: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
