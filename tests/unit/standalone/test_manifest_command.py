"""`ai4k8s manifest`: what it says, its exit codes, and what it writes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from typer.testing import CliRunner

from ai4k8s_standalone.manifests import app
from benchmarks.manifest_cases import bases

if TYPE_CHECKING:
    from pathlib import Path

runner = CliRunner()


def test_a_folder_is_checked_and_its_exit_code_is_for_ci(tmp_path: Path) -> None:
    (tmp_path / "good.yaml").write_text(bases()["deployment"])
    assert runner.invoke(app, ["check", str(tmp_path)]).exit_code == 0

    (tmp_path / "bad.yml").write_text(bases()["job"].replace("OnFailure", "Always"))
    done = runner.invoke(app, ["check", str(tmp_path)])
    assert done.exit_code == 1
    assert "bad.yml:9:7 error" in done.stdout
    assert "fix: write OnFailure" in done.stdout

    told = json.loads(runner.invoke(app, ["check", "--json", "--version", "1.31", str(tmp_path)]).stdout)
    assert [(each["file"].rpartition("/")[2], each["valid"], each["version"]) for each in told] == [
        ("bad.yml", False, "1.31"),
        ("good.yaml", True, "1.31"),
    ]
    log = json.loads(runner.invoke(app, ["check", "--sarif", str(tmp_path)]).stdout)
    assert any(each["ruleId"] == "meaning.restart-policy" for each in log["runs"][0]["results"])

    assert runner.invoke(app, ["check", "--fix", str(tmp_path)]).exit_code == 0
    assert (tmp_path / "bad.yml").read_text() == bases()["job"]


def test_what_is_piped_in_is_checked_and_warnings_can_count(tmp_path: Path) -> None:
    untagged = bases()["job"].replace("example/migrate:7", "example/migrate")
    assert runner.invoke(app, ["check", "-"], input=untagged).exit_code == 0
    assert runner.invoke(app, ["check", "-", "--strict"], input=untagged).exit_code == 1


def test_what_cannot_be_read_or_is_not_known_is_said(tmp_path: Path) -> None:
    nowhere = runner.invoke(app, ["check", str(tmp_path / "nowhere.yaml")])
    assert (nowhere.exit_code, "cannot be read" in nowhere.stderr) == (2, True)
    assert runner.invoke(app, ["check", str(tmp_path)]).exit_code == 2
    unknown = runner.invoke(app, ["check", "-", "--version", "1.7"], input="")
    assert (unknown.exit_code, "Known: 1.25 to 1.37" in unknown.stderr) == (2, True)


def test_a_request_becomes_a_manifest_on_standard_output_and_words_beside_it(tmp_path: Path) -> None:
    done = runner.invoke(app, ["deployment for nginx with 3 replicas and 2GB memory", "--offline"])

    assert done.exit_code == 0
    (tmp_path / "web.yaml").write_text(done.stdout)
    assert runner.invoke(app, ["check", str(tmp_path / "web.yaml"), "--strict"]).exit_code == 0
    assert "no namespace given: default" in done.stderr

    changed = runner.invoke(app, ["set replicas to 5", "--change", str(tmp_path / "web.yaml")])
    assert changed.stdout == done.stdout.replace("replicas: 3", "replicas: 5")


def test_what_is_missing_is_asked_and_the_exit_code_says_so() -> None:
    done = runner.invoke(app, ["set up an ingress for my service", "--json"])

    assert done.exit_code == 1
    assert {each["field"] for each in json.loads(done.stdout)["questions"]} == {"host", "service"}
