"""Where the queue of the fleet is comes from the environment or a file, and no password from a command line."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from config import ConfigError, fleet_dsn
from crawler.cli import cli
from crawler.console import CONFIG, USAGE

DSN = "postgresql://crawler:s3cret@db.example/crawl"


def run(*arguments, **env):
    return CliRunner().invoke(cli, ["fleet", *arguments], env={"KUAIXUN_CONFIG": None, **env})


def test_the_dsn_is_in_the_environment_or_in_a_file(tmp_path):
    file = tmp_path / "dsn"
    file.write_text(DSN + "\n")
    assert fleet_dsn({"KUAIXUN_FLEET_DSN": DSN}) == DSN
    assert fleet_dsn({"KUAIXUN_FLEET_DSN_FILE": str(file)}) == DSN


def test_without_a_dsn_or_its_file_the_name_of_the_variable_is_told(tmp_path):
    with pytest.raises(ConfigError, match="KUAIXUN_FLEET_DSN"):
        fleet_dsn({})
    with pytest.raises(ConfigError, match=r"KUAIXUN_FLEET_DSN_FILE.*nowhere"):
        fleet_dsn({"KUAIXUN_FLEET_DSN_FILE": str(tmp_path / "nowhere")})


@pytest.mark.parametrize("command", ["init", "worker", "collect"])
def test_a_command_without_a_dsn_ends_with_one_line(command, tmp_path, monkeypatch):
    pytest.importorskip("procrastinate", reason="the extra `fleet` is not installed")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "kuaixun.toml").write_text('[sources.a]\nseeds = ["http://a.example/"]\n')
    result = run(command, KUAIXUN_FLEET_DSN=None, KUAIXUN_FLEET_DSN_FILE=None)
    assert (result.exit_code, len(result.output.splitlines())) == (CONFIG, 1)
    assert "KUAIXUN_FLEET_DSN" in result.output


@pytest.mark.parametrize("dsn", [DSN, "host=db.example password=s3cret"])
def test_a_password_on_the_command_line_is_refused_and_not_repeated(dsn):
    pytest.importorskip("procrastinate", reason="the extra `fleet` is not installed")
    result = run("init", dsn)
    assert result.exit_code == USAGE
    assert "s3cret" not in result.output
