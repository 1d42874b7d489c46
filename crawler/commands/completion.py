"""`kuaixun completion`: what a shell needs to complete commands and options."""

from __future__ import annotations

import click


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(shell: str) -> None:
    """Print the script that lets a shell complete commands and options.

    Bash (4.4 or newer) reads it from ~/.local/share/bash-completion/completions/kuaixun, fish from
    ~/.config/fish/completions/kuaixun.fish, zsh as _kuaixun from a folder of $fpath.

    \b
    Example:
      kuaixun completion fish > ~/.config/fish/completions/kuaixun.fish
      eval "$(kuaixun completion bash)"       # in ~/.bashrc
      eval "$(kuaixun completion zsh)"        # in ~/.zshrc, behind compinit
    """
    from click.shell_completion import get_completion_class

    root = click.get_current_context().find_root().command
    found = get_completion_class(shell)
    assert found
    click.echo(found(root, {}, "kuaixun", "_KUAIXUN_COMPLETE").source())
