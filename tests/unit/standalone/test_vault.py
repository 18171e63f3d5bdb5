from __future__ import annotations

import json
import stat

import pytest

from ai4k8s_common.services import Service
from ai4k8s_standalone.errors import StandaloneError
from ai4k8s_standalone.folder import read_json, write_private_json
from ai4k8s_standalone.vault import forget_old_keys, open_vault, rotate


def test_secrets_are_made_once_and_only_their_owner_can_read_them(tmp_path):
    path = tmp_path / "secrets.json"
    first = open_vault(path)
    assert open_vault(path) == first
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_file_that_others_could_read_is_closed_again(tmp_path):
    path = tmp_path / "secrets.json"
    open_vault(path)
    path.chmod(0o644)
    open_vault(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_every_secret_is_another_one(tmp_path):
    vault = open_vault(tmp_path / "secrets.json")
    every = [vault.superuser_password, vault.valkey_password, *vault.role_passwords.values()]
    assert len(set(every)) == len(Service) + 2
    assert all(len(secret) >= 40 for secret in every)


def test_secrets_do_not_show_when_a_vault_is_printed(tmp_path):
    vault = open_vault(tmp_path / "secrets.json")
    assert vault.superuser_password not in repr(vault)
    assert vault.credentials_private_key not in repr(vault)
    assert vault.role_passwords[Service.SCALER] not in repr(vault)


def test_a_service_that_is_new_gets_its_password_and_the_others_keep_theirs(tmp_path):
    path = tmp_path / "secrets.json"
    before = open_vault(path)
    content = read_json(path)
    del content["role_passwords"]["rag"]
    write_private_json(path, content)
    after = open_vault(path)
    assert after.role_passwords[Service.RAG] != before.role_passwords[Service.RAG]
    assert after.role_passwords[Service.SCALER] == before.role_passwords[Service.SCALER]
    assert open_vault(path) == after


@pytest.mark.parametrize("content", ["", "{}", "[]", "not json", '{"role_passwords": []}'])
def test_a_damaged_file_is_refused_and_never_replaced(tmp_path, content):
    path = tmp_path / "secrets.json"
    path.write_text(content)
    with pytest.raises(StandaloneError, match="does not hold what it should"):
        open_vault(path)
    assert path.read_text() == content


def test_a_new_key_comes_first_and_older_ones_stay_readable_until_they_are_forgotten(tmp_path):
    path = tmp_path / "secrets.json"
    first = open_vault(path)
    second = rotate(path, first)
    third = rotate(path, second)
    assert open_vault(path) == third
    assert third.readable_private_keys.split(",") == [
        third.credentials_private_key,
        second.credentials_private_key,
        first.credentials_private_key,
    ]
    assert first.credentials_private_key not in repr(third)
    forget_old_keys(path, third)
    assert open_vault(path).readable_private_keys == third.credentials_private_key


def test_the_key_of_peoples_secrets_is_rotated_too_and_made_where_an_older_release_had_none(tmp_path):
    path = tmp_path / "secrets.json"
    first = open_vault(path)
    second = rotate(path, first)
    assert second.readable_people_keys.split(",") == [second.people_private_key, first.people_private_key]
    forget_old_keys(path, second)
    content = json.loads(path.read_text())
    assert content["old_people_private_keys"] == []
    del content["people_private_key"], content["old_people_private_keys"]
    path.write_text(json.dumps(content))
    made = open_vault(path)
    assert made.people_private_key
    assert open_vault(path) == made
