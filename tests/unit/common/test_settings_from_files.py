"""Settings may lie in files, as orchestrators mount secrets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from pydantic import SecretStr
from pydantic_settings import SettingsError

from ai4k8s_common.services import Service
from ai4k8s_common.settings import StoreSettings
from ai4k8s_common.store.migrate import MigrateSettings

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DATABASE_URL", "ROLE_PASSWORDS", "DATABASE_POOL_SIZE"):
        monkeypatch.delenv(f"AI4K8S_{name}", raising=False)


def test_a_variable_may_name_a_file_that_holds_the_value(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "url").write_text("postgresql://somebody@db/ai4k8s\n", encoding="utf-8")
    (tmp_path / "size").write_text("7", encoding="utf-8")
    monkeypatch.setenv("AI4K8S_DATABASE_URL_FILE", str(tmp_path / "url"))
    monkeypatch.setenv("AI4K8S_DATABASE_POOL_SIZE_FILE", str(tmp_path / "size"))
    settings = StoreSettings()
    assert settings.database_url.get_secret_value() == "postgresql://somebody@db/ai4k8s"
    assert settings.database_pool_size == 7


def test_a_file_may_hold_json_where_the_variable_would(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "url").write_text("postgresql://owner@db/ai4k8s", encoding="utf-8")
    (tmp_path / "passwords").write_text('{"scaler": "x"}\n', encoding="utf-8")
    monkeypatch.setenv("AI4K8S_DATABASE_URL_FILE", str(tmp_path / "url"))
    monkeypatch.setenv("AI4K8S_ROLE_PASSWORDS_FILE", str(tmp_path / "passwords"))
    assert MigrateSettings().role_passwords == {Service.SCALER: SecretStr("x")}


def test_a_variable_and_its_file_together_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "url").write_text("postgresql://a@db/x", encoding="utf-8")
    monkeypatch.setenv("AI4K8S_DATABASE_URL_FILE", str(tmp_path / "url"))
    monkeypatch.setenv("AI4K8S_DATABASE_URL", "postgresql://b@db/x")
    with pytest.raises(SettingsError, match="both AI4K8S_DATABASE_URL and AI4K8S_DATABASE_URL_FILE"):
        StoreSettings()


def test_a_file_that_is_not_there_is_named_in_the_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AI4K8S_DATABASE_URL_FILE", str(tmp_path / "missing"))
    with pytest.raises(SettingsError, match=r"AI4K8S_DATABASE_URL_FILE names '.*missing', which cannot be read"):
        StoreSettings()


def test_a_program_may_print_the_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AI4K8S_DATABASE_URL_COMMAND", "echo 'postgresql://somebody@db/ai4k8s'")
    assert StoreSettings().database_url.get_secret_value() == "postgresql://somebody@db/ai4k8s"


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("sh -c 'echo canary; echo sealed >&2; exit 3'", "ended with 3: sealed"),
        ("true", "no output"),
        ("/no/such/program", "could not be run"),
    ],
)
def test_a_program_that_fails_ends_the_start_with_its_reason_and_not_its_output(
    command: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AI4K8S_DATABASE_URL_COMMAND", command)
    with pytest.raises(SettingsError, match=words) as caught:
        StoreSettings()
    assert "canary" not in str(caught.value)


def test_a_file_and_a_program_together_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AI4K8S_DATABASE_URL_FILE", str(tmp_path / "url"))
    monkeypatch.setenv("AI4K8S_DATABASE_URL_COMMAND", "echo x")
    with pytest.raises(SettingsError, match="both AI4K8S_DATABASE_URL_FILE and AI4K8S_DATABASE_URL_COMMAND"):
        StoreSettings()
