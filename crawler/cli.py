"""The command `kuaixun`: finds the commands in their folder, and turns every error into one line and an exit code.

A command is a file of `crawler/commands/`, loaded when it is called; what a command needs beyond click and `config`
it imports inside its function, so that `kuaixun --help` stays cheap.
"""

from __future__ import annotations

import difflib
import errno
import importlib
import pkgutil
import sys
import traceback
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import click

import crawler.commands
from crawler.console import EXIT_CODES, FAULT, INTERRUPTED, SECTIONS, Failure, code_of
from crawler.screen import plain


class Kuaixun(click.Group):
    """The commands of the folder; no traceback ever reaches the user unless `--debug` asks for it."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(
            item.name for item in pkgutil.iter_modules(crawler.commands.__path__) if not item.name.startswith("_")
        )

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        known = self.list_commands(ctx)
        if args and not args[0].startswith("-") and args[0] not in known:
            close = difflib.get_close_matches(args[0], known, 1)
            hint = f"did you mean `{close[0]}`?" if close else "there is " + ", ".join(f"`{name}`" for name in known)
            raise click.UsageError(f"No such command `{args[0]}`; {hint}", ctx)
        return super().resolve_command(ctx, args)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.list_commands(ctx):
            return None
        command: click.Command = importlib.import_module(f"crawler.commands.{cmd_name}").command
        command.name = cmd_name
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for title, names in SECTIONS.items():
            found = [(name, self.get_command(ctx, name)) for name in names]
            lines = [(name, command.get_short_help_str(70)) for name, command in found if command]
            if lines:
                with formatter.section(title):
                    formatter.write_dl(lines)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Exit codes"):
            formatter.write_dl([(str(code), meaning) for code, meaning in EXIT_CODES.items()])

    def main(self, args: Sequence[str] | None = None, *_: Any, standalone_mode: bool = True, **extra: Any) -> Any:
        given = list(sys.argv[1:] if args is None else args)
        returned: Any = 0
        try:
            returned = super().main([a for a in given if a != "--debug"], standalone_mode=False, **extra)
        except Exception as error:  # the one place where every error ends
            if "--debug" in given and not isinstance(error, click.ClickException | click.Abort):
                traceback.print_exception(error)
            returned = report(error)
        if standalone_mode:
            sys.exit(returned if isinstance(returned, int) else 0)
        return returned


def report(error: Exception) -> int:
    """Says on stderr, in one line, what went wrong; gives the exit code."""
    match error:
        case click.exceptions.NoArgsIsHelpError():
            error.show()
            return error.exit_code
        case click.UsageError():
            path = error.ctx.command_path if error.ctx else "kuaixun"
            told = plain(error.format_message()).rstrip(".").replace("?)", ")")
            message = f"{path}: {told.rstrip('?')}{'?' if told.endswith('?') else '.'} Try `{path} --help`."
        case click.Abort():
            message = "kuaixun: interrupted"
        case Failure():
            message = f"kuaixun: {plain(error.message)}"
        case OSError() if error.filename is not None and error.strerror:
            message = f"kuaixun: {plain(str(error.filename))}: {error.strerror}"
        case OSError(errno=errno.ENOSPC):
            message = "kuaixun: the output cannot be written: the disk is full; make room, or write elsewhere"
        case _:
            message = f"kuaixun: {plain(str(error)) or type(error).__name__}"
    code = INTERRUPTED if isinstance(error, click.Abort) else code_of(error)
    if code == FAULT:
        message = (
            f"kuaixun: a fault in kuaixun itself, {type(error).__name__}: {plain(str(error))}; see it with --debug"
        )
    # Where nobody can hear it, the code still tells.
    with suppress(OSError):
        click.echo(message, err=True)
    return code


def _print_version(ctx: click.Context, param: click.Parameter, given: bool) -> None:
    if given:
        command = ctx.command.get_command(ctx, "version") if isinstance(ctx.command, click.Group) else None
        assert command
        ctx.exit(ctx.invoke(command, verbose=ctx.meta.get("verbose", False)))


def _remember(ctx: click.Context, param: click.Parameter, given: bool) -> None:
    ctx.meta["verbose"] = given


@click.group(cls=Kuaixun, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option("--debug", is_flag=True, expose_value=False, help="Show the traceback of an error.")
@click.option("--version", is_flag=True, expose_value=False, callback=_print_version, help="Print what runs here.")
@click.option(
    "--verbose", is_flag=True, is_eager=True, expose_value=False, callback=_remember, help="With --version: all of it."
)
@click.pass_context
def cli(ctx: click.Context) -> None:
    """Crawl news sites into one SQLite file, without duplicates, and query it.

    \b
    Example:
      kuaixun demo                     the whole line, without network
      kuaixun init && kuaixun crawl    a configuration here, then one pass
    """
    if ctx.meta["verbose"]:
        raise click.UsageError("--verbose goes with --version", ctx)


def main() -> None:
    """The console script."""
    cli()
