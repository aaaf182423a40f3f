"""Whatever a variable holds, a command or a service says in one sentence what is wrong with it and what to write."""

import os
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

import services
from deploy.program import app
from deploy.settings import OperatorSettings, all_variables, misspelt, operator_settings
from services.validator.settings import ValidatorSettings
from shared.runtime.settings import SettingsInvalid, read

VARIABLES = all_variables()
SECRET = "hunter2"
WRONG = {
    "BEAMCAT_KAFKA_BOOTSTRAP_SERVERS": ("kafka://broker", "a b", ":", "broker:x", "broker:9092,"),
    "BEAMCAT_KAFKA_SECURITY_PROTOCOL": ("TLS", "ssl"),
    "BEAMCAT_KAFKA_SASL_MECHANISM": ("GSSAPI",),
    "BEAMCAT_KAFKA_COMPRESSION": ("rar", "1"),
    "BEAMCAT_DATABASE_URL": (f"mysql://u:{SECRET}@h/x", f"u:{SECRET}", f"postgresql://u:{SECRET}@h:port/x"),
    "BEAMCAT_FACILITY": ("https://esrf.fr", "two words", "."),
    "BEAMCAT_PATH_ROOTS": ("data", "/a:b", '["/a"', "[1]", '["a"]', "/a,/b"),
    "BEAMCAT_PATH_PREFIXES": ("/a", "[]", "{1}", '{"/a": 1}'),
    "BEAMCAT_SCHEMA_DIRECTORIES": ("/a,/b", "[", "[1]", '[""]'),
    "BEAMCAT_TIME_ZONE": ("Europe", "Mars/Olympus", "../etc/passwd", "/etc/localtime", "CEST+"),
    "BEAMCAT_HTTP_HOST": ("http://0.0.0.0", "a b"),
    "BEAMCAT_STOMP_HOST": ("tcp://0.0.0.0", "a b"),
    "BEAMCAT_VALIDATOR_URL": (f"u:{SECRET}@h", f"htp://u:{SECRET}@h", f"http://u:{SECRET}@h:x", "http://", "[::x"),
    "BEAMCAT_LINKER_URL": ("validator:8001", "http://h:99999"),
    "BEAMCAT_HALT_STAGES": ("perhaps", "2"),
    "BEAMCAT_AWAIT_INPUTS_SECONDS": ("soon", "nan", "inf", "0", "-1", "1e300"),
    "BEAMCAT_LOG_LEVEL": ("LOUD", "5", "NOTSET"),
}
NUMBERS = ("abc", "-1", "1.5", "1e4", "9" * 30, "9" * 5000, " ", "\x1b[31m7")
ANYTHING = {
    "BEAMCAT_KAFKA_CA_FILE",
    "BEAMCAT_KAFKA_SASL_USERNAME",
    "BEAMCAT_KAFKA_SASL_PASSWORD",
    "BEAMCAT_KAFKA_SASL_PASSWORD_FILE",
    "BEAMCAT_SERVICE_TOKEN_FILE",
    "BEAMCAT_STOMP_SPOOL",
    "BEAMCAT_TOKENS_FILE",
}
"""Names and files: whether they are right shows when they are used."""
CASES = [
    (variable, value) for variable in VARIABLES if variable not in ANYTHING for value in WRONG.get(variable, NUMBERS)
]
READING = [
    ["up"],
    ["run"],
    ["demo"],
    ["migrate"],
    ["rebuild"],
    ["integrity"],
    ["topics", "apply"],
    ["recover", "--since=2027-01-01"],
    ["tokens", "list"],
    ["tokens", "create", "x"],
    ["tokens", "revoke", "x"],
    ["rejections", "list", "--since=2027-01-01"],
    *(["serve", name] for name in services.NAMES),
]
"""Commands that read settings, whatever else they do."""


def run(command: list[str], **environment: str) -> Result:
    result = CliRunner().invoke(app, command, env=environment)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


@pytest.mark.parametrize(("variable", "value"), CASES, ids=lambda said: said[-40:])
def test_of_every_setting_a_wrong_value_is_told_in_a_sentence(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(SettingsInvalid) as wrong:
        operator_settings()
    said = str(wrong.value)
    assert said.startswith(f"{variable}: ")
    assert any(cure in said for cure in ("write ", "give ", "keep ")) or variable == "BEAMCAT_PATH_PREFIXES"
    assert len(said) < 500
    assert SECRET not in said
    assert variable == "BEAMCAT_DATABASE_URL" or SECRET in value or repr(value[:20])[:-1] in said


@pytest.mark.parametrize("command", READING, ids=" ".join)
@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("BEAMCAT_DATABASE_URL", f"u:{SECRET}"),
        ("BEAMCAT_SCHEMA_DIRECTORIES", "/a,/b"),
        ("BEAMCAT_PATH_PREFIXES", "/a"),
        ("BEAMCAT_HTTP_PORT", "x"),
        ("BEAMCAT_LOG_LEVEL", "LOUD"),
    ],
)
def test_every_command_that_reads_settings_ends_before_it_does_anything(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, command: list[str], variable: str, value: str
) -> None:
    monkeypatch.chdir(tmp_path)
    result = run(command, **{variable: value})
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith(f"beamcat: {variable}: ")
    assert result.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("variable", VARIABLES)
def test_a_variable_that_is_empty_counts_as_one_that_is_not_set(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    unset = {name: value for name, value in os.environ.items() if name != variable}
    monkeypatch.setenv(variable, "")
    assert operator_settings() == read(OperatorSettings, unset)


@pytest.mark.parametrize(
    ("said", "folders"),
    [
        ("/a", ["/a"]),
        ("/a:/b", ["/a", "/b"]),
        (" /a : /b/ ", ["/a", "/b/"]),
        ('["/a", "/b:c"]', ["/a", "/b:c"]),
        ("[]", []),
        ("/with space/and,comma", ["/with space/and,comma"]),
    ],
)
def test_folders_are_one_path_or_several_or_json(
    monkeypatch: pytest.MonkeyPatch, said: str, folders: list[str]
) -> None:
    monkeypatch.setenv("BEAMCAT_SCHEMA_DIRECTORIES", said)
    monkeypatch.setenv("BEAMCAT_PATH_ROOTS", said)
    assert operator_settings().facility.schema_directories == [Path(folder) for folder in folders]
    assert operator_settings().facility.path_roots == folders


@pytest.mark.parametrize("said", ["debug", "Warning", "ERROR"])
def test_a_level_may_be_written_in_small_letters(monkeypatch: pytest.MonkeyPatch, said: str) -> None:
    monkeypatch.setenv("BEAMCAT_LOG_LEVEL", said)
    assert operator_settings().log.level == said.upper()


@pytest.mark.parametrize(
    "command",
    [["rebuild"], ["recover", "--since=2027-01-01"], *(["serve", name] for name in services.NAMES)],
    ids=" ".join,
)
@pytest.mark.parametrize("facility", [{}, {"BEAMCAT_FACILITY": ""}], ids=["missing", "empty"])
def test_what_derives_ids_ends_before_it_does_anything_where_no_facility_is_set(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, command: list[str], facility: dict[str, str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("BEAMCAT_FACILITY")
    servers = {"BEAMCAT_DATABASE_URL": "postgresql://127.0.0.1:1/b", "BEAMCAT_KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1"}
    result = run(command, **servers, **facility)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.splitlines()[-1] == (
        "beamcat: BEAMCAT_FACILITY is not set: give the DNS name of the facility, since ids derive from it"
    )
    assert list(tmp_path.iterdir()) == []


def test_a_service_has_no_ids_where_no_facility_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BEAMCAT_FACILITY")
    with pytest.raises(SettingsInvalid, match=r"^BEAMCAT_FACILITY is not set: "):
        services.load("validator").resources(ValidatorSettings())


def test_all_that_is_wrong_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BEAMCAT_LOG_LEVEL", "LOUD")
    monkeypatch.setenv("BEAMCAT_HTTP_PORT", "x")
    with pytest.raises(SettingsInvalid, match=r"HTTP_PORT: 'x' is wrong: .*; BEAMCAT_LOG_LEVEL: 'LOUD' is wrong: "):
        operator_settings()


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("BEAMCAT_LOGLEVEL", "BEAMCAT_LOG_LEVEL"),
        ("BEAMCAT_HTTP_PROT", "BEAMCAT_HTTP_PORT"),
        ("BEAMCAT_SCHEMA_DIRECTORY", "BEAMCAT_SCHEMA_DIRECTORIES"),
        ("BEAMCAT_TOKEN_FILE", "BEAMCAT_TOKENS_FILE"),
        ("BEAMCAT_SERACH_URL", "BEAMCAT_SEARCH_URL"),
    ],
)
def test_a_name_that_is_nearly_a_setting_is_warned_of(written: str, meant: str) -> None:
    result = run(["topics", "list"], **{written: "x"})
    assert result.exit_code == 0
    assert result.stderr == f"beamcat: {written} is not a setting, and has no effect; did you mean {meant}?\n"


def test_no_other_name_is_warned_of() -> None:
    others = ["BEAMCAT_TOKEN", "beamcat_log_level", "BEAMCAT_GATEWAY_SERVICE_HOST", "BEAMCAT_SITE", "LOGLEVEL"]
    assert list(misspelt(dict.fromkeys([*others, *VARIABLES], "x"))) == []


@pytest.mark.parametrize("command", ["up", "run", "demo"])
@pytest.mark.parametrize(
    ("file", "content", "told"),
    [
        ("techniques/x.toml", 'nam = "X"', ", line 1, nam: unknown key"),
        ("techniques/x.toml", "name = ", ": Invalid value (at end of document)"),
        ("vocabulary/x.toml", "[parameter.x]\nunti = 'mm'", ", line 2, parameter.x.unti: unknown key"),
    ],
)
def test_a_broken_data_file_ends_a_run_before_anything_is_started(  # a case has three parts
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, command: str, file: str, content: str, told: str
) -> None:
    monkeypatch.chdir(tmp_path)
    broken = tmp_path / "own" / file
    broken.parent.mkdir(parents=True)
    broken.write_text(content, encoding="utf-8")
    result = run([command], BEAMCAT_SCHEMA_DIRECTORIES=str(tmp_path / "own"))
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == f"beamcat: {broken}{told}\n"
    assert [each.name for each in tmp_path.iterdir()] == ["own"]


def test_a_tokens_file_that_is_a_directory_is_told_by_commands_and_services(tmp_path: Path) -> None:
    for command in (["tokens", "list"], ["tokens", "create", "x"], ["tokens", "revoke", "x"]):
        result = run(command, BEAMCAT_TOKENS_FILE=str(tmp_path))
        assert result.exit_code == 1
        named, told = result.stderr.splitlines()
        assert named == f"tokens file {tmp_path} (named by the environment)"
        assert told == f"beamcat: {tmp_path} cannot be read: Is a directory"


@pytest.mark.parametrize("command", [["tokens", "create", "x"], ["tokens", "revoke", "x"]])
def test_a_tokens_file_that_cannot_be_written_is_told(tmp_path: Path, command: list[str]) -> None:
    file = tmp_path / "file"
    file.touch()
    result = run(command, BEAMCAT_TOKENS_FILE=str(file / "tokens.json"))
    assert result.exit_code == 1
    assert f"cannot be written: [Errno 17] File exists: '{file}' (BEAMCAT_TOKENS_FILE)" in result.stderr
