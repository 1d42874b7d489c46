"""The commands that README and docs print: each page's are run by a shell, in order, as a reader would type them.

A block that begins with ```sh is for typing, and the slow tests type all of it. Where a command would ask the network,
install something or change the machine, a program of `stand_ins` is in its place.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shlex
import shutil
import subprocess
from contextlib import ExitStack
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from crawler.cli import cli
from tests import fleet_lab, stand_ins

ROOT = Path(__file__).parent.parent
PAGES = {
    path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
    for path in (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md")))
}
# What may end otherwise here: it finds nothing in the demo, or something to mend on this machine; no peer is installed.
MAY_SAY_NO = {
    r"kuaixun (doctor|notice test|repair mrkx|fleet (status|retry|drop))\b": 1,
    r"peers/bin/kuaixun bench ": 3,
}
# Commands that want an extra, and what of it must be here.
NEEDED = {
    r"kuaixun export .*(--format hf|\.parquet)|kuaixun export --verify dataset$": "pyarrow",
    r"kuaixun serve\b|datasette ": "datasette",
    r"kuaixun fleet (?!--help)": "procrastinate",
    r"python -c .*datasets": "datasets",
}


def shown(text: str) -> list[str]:
    """The lines of the shell blocks, without their comments."""
    blocks = re.findall(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    return [re.sub(r"\s+#\s.*", "", line) for block in blocks for line in block.splitlines() if line]


LINES = [(page, line) for page, text in PAGES.items() for line in shown(text)]
COMMANDS = sorted({line for _, line in LINES if re.match(r"(\S*/)?kuaixun ", line)})
# Those that stand in a sentence or a table; docs/mistakes.md shows wrong ones, which its own test types.
NAMED = sorted(
    {
        " ".join(line.split())
        for page, text in PAGES.items()
        if page not in ("docs/commands.md", "docs/mistakes.md")
        for line in re.findall(r"(?<!`)`((?:\S*/)?kuaixun [^`]+)`", re.sub(r"(?ms)^```.*?^```", "", text))
    }
)


@pytest.mark.parametrize("line", sorted({*COMMANDS, *(line for line in NAMED if line.count(" ") > 1)}))
def test_the_command_line_understands_what_is_printed(line):
    words = [word for word in shlex.split(line) if word != "--help"]
    command = cli.get_command(None, words[1])
    parent = click.Context(cli, info_name="kuaixun", **cli.context_settings)
    assert words[1] == "--version" or len(words) == 2 or command.make_context(words[1], words[2:], parent=parent)


@pytest.mark.parametrize("name", ["README.md", "README.zh-CN.md"])
def test_every_page_is_in_the_list_of_the_readme(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    assert [page for page in PAGES if page != "README.md" and f"]({page})" not in text] == []


def test_a_block_of_a_shell_is_marked_as_one():
    """So that no command hides from these tests: a block without a name holds none but those of crontab."""
    blocks = [
        block
        for page, text in PAGES.items()
        if page != "docs/commands.md"
        for block in re.findall(r"^```(?:bash|console|shell)?\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    ]
    assert [block for block in blocks if re.match(r"(\$ )?(kuaixun|sqlite-utils|pip) ", block)] == []


@pytest.mark.parametrize(
    ("page", "link"),
    sorted({(page, link) for page, text in PAGES.items() for link in re.findall(r"\]\((?!https?:)([^)\s]+)\)", text)}),
)
def test_a_link_leads_to_a_place_that_exists(page, link):
    name, _, part = link.partition("#")
    target = (ROOT / page).parent / name if name else ROOT / page
    assert target.exists()
    if part:
        headings = re.findall(r"^#+ (.*)$", target.read_text(encoding="utf-8"), re.MULTILINE)
        assert part in {re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-") for heading in headings}


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """What `kuaixun demo` leaves behind."""
    folder = tmp_path_factory.mktemp("manual") / "kuaixun-demo"
    made = CliRunner(env={"COLUMNS": "100"}).invoke(cli, ["demo", str(folder)])
    assert made.exit_code == 0, made.output
    return folder


def furnish(folder: Path, demo: Path, page: str) -> None:
    """What the reader of a page has before the first command: settings, a database, copies."""
    if page in ("docs/tutorial.md", "CONTRIBUTING.md"):  # which begin with nothing
        return
    for name in ("pyproject.toml", "constraints.txt", "docs", "tests"):  # of a clone
        (folder / name).symlink_to(ROOT / name)
    if page != "README.md":  # which makes them itself
        shutil.copytree(demo, folder / "kuaixun-demo")
        CliRunner().invoke(cli, ["init", str(folder)])
    for ending in ("db", "pages"):
        shutil.copy(demo / f"demo.{ending}", folder / f"kuaixun.{ending}")
    (folder / "news").mkdir()
    outlines = '<opml version="2.0"><body><outline text="世界" xmlUrl="https://feeds.example/feed.xml"/></body></opml>'
    (folder / "news" / "subscriptions.opml").write_text(outlines, encoding="utf-8")
    if page == "docs/howto-move.md":
        etc, var = (folder / name for name in ("etc/kuaixun", "var/lib/kuaixun"))
        stand_ins.put(folder)
        told = f'[settings]\ndatabase = "{var}/kuaixun.db"\n[sources.news]\nseeds = ["https://news.example/"]\n'
        (etc / "kuaixun.toml").write_text(told, encoding="utf-8")
        shutil.copy(ROOT / "docs" / "ops" / "kuaixun.service", folder / "etc" / "systemd" / "system")
        for ending in ("db", "pages"):
            shutil.copy(demo / f"demo.{ending}", var / f"kuaixun.{ending}")
        stand_ins.program(folder / "opt" / "kuaixun" / "bin" / "kuaixun", "kuaixun")
    if page == "docs/fleet.md":
        (folder / "etc" / "postgresql" / "15" / "main" / "conf.d").mkdir(parents=True)
        (folder / "old").mkdir()
        exported = ["archive", "export", str(folder / "old" / "a.warc.gz"), "--db", str(folder / "kuaixun.db")]
        assert CliRunner().invoke(cli, exported).exit_code == 0
    disk = folder / "media" / "disk"
    if page == "docs/howto-recover.md":
        disk.mkdir(parents=True)
        for ending in ("db", "pages"):
            shutil.copy(demo / f"demo.{ending}", disk / f"news.{ending}")


def script(text: str, folder: Path) -> str:
    """The commands of a page for a shell that stops at the first one that fails and says which that was."""
    lines = ["set -e", "trap 'echo \"failed: $said\" >&2' ERR"]
    for line in shown(text):
        if any(re.match(pattern, line) and not importlib.util.find_spec(name) for pattern, name in NEEDED.items()):
            continue
        here = re.sub(rf"(?<![\w.])({'|'.join(stand_ins.PLACES)})\b", rf"{folder}\1", line)
        lines += [f"said={shlex.quote(line)}", here]
        for pattern, code in MAY_SAY_NO.items():
            lines[-1] += f" || [ $? -eq {code} ]" if re.match(pattern, line) else ""
    return "\n".join(lines) + "\n"


def typed(text: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """The commands of a page, typed into a shell in that folder."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("KUAIXUN_")}
    (folder / "script").write_text(script(text, folder), encoding="utf-8")
    env |= stand_ins.put(folder)
    said = {"input": "y\n" * 9, "capture_output": True, "text": True}
    return subprocess.run(["bash", "script"], cwd=folder, env=env, check=False, **said)


@pytest.mark.slow
@pytest.mark.parametrize("page", sorted({page for page, _ in LINES}))
def test_the_commands_of_a_page_work_in_their_order(page, demo, tmp_path, monkeypatch):
    if any(page == one and line.startswith("git clone ") for one, line in LINES) and not (ROOT / ".git").exists():
        pytest.skip("this is no clone, and nothing that could be cloned")
    furnish(tmp_path, demo, page)
    with ExitStack() as stack:
        if page == "docs/fleet.md":
            if fleet_lab.missing():
                pytest.skip(fleet_lab.missing())
            monkeypatch.setenv("STAND_IN_DSN", stack.enter_context(fleet_lab.postgres()).dsn())
        done = typed(PAGES[page], tmp_path)
    assert (done.returncode, "failed: " in done.stderr) == (0, False), done.stdout[-2000:] + done.stderr[-3000:]


@pytest.mark.slow
def test_a_page_with_a_wrong_command_is_found(demo, tmp_path):
    text = "```sh\nkuaixun latest --db kuaixun.db\nkuaixun latest --limmit 5\n```\n"
    furnish(tmp_path, demo, "docs/other.md")
    done = typed(text, tmp_path)
    assert done.returncode != 0 and "failed: kuaixun latest --limmit 5" in done.stderr


def test_the_tutorial_begins_with_five_commands_from_nothing_to_a_data_set():
    first = re.findall(r"^```sh\n(.*?)^```", PAGES["docs/tutorial.md"], re.MULTILINE | re.DOTALL)[0].splitlines()
    assert len(first) == 5 and not any(re.search(r"&&|;|\|", line) for line in first)
    assert first[0].startswith("git clone ") and " export " in first[-1]
