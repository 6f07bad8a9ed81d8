"""The command `relgraph`: its words and its exit codes; what they do is in `service.command`.

Exit codes: 0 done, or ended by a signal; 1 it could not be started or done; 2 the settings, the
command line or the files given are wrong, each mistake on a line of its own on stderr. A command's
module is imported when the command is known, so that `--help` and `key` answer at once.
"""

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

from connectors.errors import ConfigurationError
from service.command import StartError, collector_off


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and give its exit code; `arguments` are the process's own by default."""
    chosen = _parser().parse_args(arguments)
    try:
        with collector_off():
            run = import_module(f"service.command.{chosen.module}").run
        run(chosen)
    except ConfigurationError as error:
        for mistake in error.mistakes:
            _complain(mistake)
        return 2
    except StartError as error:
        _complain(str(error))
        return 1
    except KeyboardInterrupt:
        # Ctrl-C is how a person ends a server; everything open was left in order on the way here.
        return 0
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="relgraph", description="Many upstream APIs, one graph.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    serve = commands.add_parser("serve", help="answer requests until SIGTERM or Ctrl-C")
    _add_config(serve)
    _add_address(serve, port=8000)
    serve.add_argument("--workers", type=_at_least_one, default=1, metavar="N", help="processes (default 1)")
    serve.set_defaults(module="serve")

    demo = commands.add_parser("demo", help="a store, two sandbox upstreams and the service, all throw-away")
    _add_address(demo, port=0)
    demo.set_defaults(module="demo")

    check = commands.add_parser("check", help="list every mistake in the settings, or the sources")
    _add_config(check)
    check.set_defaults(module="check")

    key = commands.add_parser("key", help="API keys of callers").add_subparsers(
        required=True, metavar="COMMAND"
    )
    new = key.add_parser("new", help="make a key and print it once, with the settings that accept it")
    new.add_argument("name", nargs="?", default="caller", help="whose it is (default: caller)")
    new.set_defaults(module="key")

    _add_crosswalk(commands.add_parser("crosswalk", help="which addresses are the same thing"))
    _add_purge(commands.add_parser("purge", help="remove from the store what fits all that is given"))

    source = commands.add_parser("source", help="switch a source off or on for every process, or show it")
    source.add_argument("name", metavar="NAME")
    source.add_argument("switch", nargs="?", choices=("off", "on"), help="show it when neither is given")
    _add_store(source)
    source.set_defaults(module="source")
    return parser


def _add_purge(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--node", metavar="ADDRESS", help="all about a node, and every listing that names it")
    parser.add_argument("--tenant", help="all about a tenant, as addresses write it behind the @")
    parser.add_argument("--source", metavar="NAME", help="all that a source has told")
    parser.add_argument(
        "--credential",
        metavar="SOURCE",
        help="all that is kept for one credential of a source alone: its own, or, where callers bring "
        'theirs, the one on stdin, written "<scheme> <value>"',
    )
    parser.add_argument("--dry-run", action="store_true", help="only count")
    parser.add_argument(
        "--once", action="store_true", help="do not wait for the answers under way and sweep again"
    )
    _add_store(parser)
    parser.set_defaults(module="purge")


def _add_crosswalk(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(required=True, metavar="COMMAND")
    load = actions.add_parser("load", help="check files and put their rows in the place of what is loaded")
    load.add_argument("files", nargs="+", type=Path, metavar="FILE", help="CSV with a header, or JSON Lines")
    show = actions.add_parser("show", help="how many rows are loaded, since when, and their digest")
    show.add_argument(
        "--rows", action="store_true", help="list the rows instead, as JSON Lines to load again"
    )
    clear = actions.add_parser("clear", help="unload everything")
    for name, action in (("load", load), ("show", show), ("clear", clear)):
        _add_store(action)
        action.set_defaults(module="crosswalk", action=name)


def _add_store(parser: argparse.ArgumentParser) -> None:
    _add_config(parser)
    parser.add_argument("--redis-url", metavar="URL", help="the store (default: the settings' redis_url)")


def _add_config(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--config",
        type=Path,
        metavar="FILE",
        help="the settings (default: the file named by RELGRAPH_CONFIG)",
    )


def _add_address(parser: argparse.ArgumentParser, *, port: int) -> None:
    parser.add_argument("--host", default="127.0.0.1", help="where to listen (default 127.0.0.1)")
    parser.add_argument(
        "--port", type=_port, default=port, help=f"0 takes a free one and says which (default {port})"
    )


def _port(text: str) -> int:
    port = int(text)
    if not 0 <= port <= 65_535:  # noqa: PLR2004 - TCP's own bound
        raise argparse.ArgumentTypeError("a port is 0 to 65535")
    return port


def _at_least_one(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("at least 1")
    return number


def _complain(text: str) -> None:
    sys.stderr.write(f"relgraph: {text}\n")


if __name__ == "__main__":
    sys.exit(main())
