"""The syntax of `config.properties`, the variables in it, and the table of its keys."""

import pytest

from mmesim.scenario.server.config.keys import KEYS, Use
from mmesim.scenario.server.config.syntax import read_settings, with_overrides, with_variables
from mmesim.scenario.server.server import Server

# fmt: off
FACTS = {
    "job_queue_size", "default_workers_per_model", "default_response_timeout", "default_response_timeout_seconds",
    "unregister_model_timeout", "preload_model", "number_of_netty_threads", "netty_client_threads",
    "max_request_size", "max_response_size", "number_of_gpu", "load_models", "model_store",
    "default_service_handler", "inference_address", "management_address", "decode_input_request", "async_logging",
    "prefer_direct_buffer", "metric_time_interval", "use_native_io", "io_ratio", "enable_envvars_config",
    "blacklist_env_vars", "plugins_path", "vmargs", "model_server_home", "debug", "NUM_WORKERS", "keystore",
    "keystore_pass", "keystore_type", "certificate_file", "private_key_file", "cors_allowed_origin",
    "cors_allowed_methods", "cors_allowed_headers",
}
# fmt: on
"""Every key that the source of MMS 1.1.11 and its launcher read."""


def settings_of(text: str) -> dict[str, str]:
    settings, flaws = read_settings(text.encode("latin-1"))
    assert flaws == []
    return {key: setting.value for key, setting in settings.items()}


# Syntax: the examples of java.util.Properties.load, and its corners.


@pytest.mark.parametrize(
    ("text", "settings"),
    [
        ("a=1\nb:2\nc 3\nd\t4\ne\f5", {"a": "1", "b": "2", "c": "3", "d": "4", "e": "5"}),
        ("a = 1\n  b  :  2\n c =: 3", {"a": "1", "b": "2", "c": ": 3"}),
        ("a=1 \nb= x y ", {"a": "1 ", "b": "x y "}),
        ("# a=1\n  ! b=2\nc=3 # no comment", {"c": "3 # no comment"}),
        ("\n \t\n\r\n\ra=1\r\nb=2\rc=3", {"a": "1", "b": "2", "c": "3"}),
        ("fruits apple, \\\n       banana, \\\n   pear", {"fruits": "apple, banana, pear"}),
        ("a=1\\\\\nb=2", {"a": "1\\", "b": "2"}),
        ("a=1\\\\\\\n  2", {"a": "1\\2"}),
        ("a=1\\\n# no comment\nb=2", {"a": "1# no comment", "b": "2"}),
        ("a=1\\\n\nb=2", {"a": "1", "b": "2"}),
        ("# a comment is not continued \\\na=1", {"a": "1"}),
        ("a=1\\", {"a": "1"}),
        ("\\\n\na=1", {"a": "1"}),
        ("a\\ b\\=c\\:d=1", {"a b=c:d": "1"}),
        ("a=\\t\\n\\r\\f\\z\\\\\\u0041\\u00e9", {"a": "\t\n\r\fz\\A\u00e9"}),
        ("a=\u00e9", {"a": "\u00e9"}),
        ("cheeses", {"cheeses": ""}),
        ("=1", {"": "1"}),
        ("", {}),
    ],
)
def test_java_properties(text, settings):
    assert settings_of(text) == settings


def test_the_later_line_wins_and_remembers_the_earlier():
    settings, _ = read_settings(b"a=1\nb=2\na=3\nb=2\n")
    assert list(settings) == ["a", "b"]
    assert (settings["a"].value, settings["a"].line, settings["a"].replaced) == ("3", 3, (1, "1"))
    assert (settings["b"].line, settings["b"].replaced) == (4, None)


def test_a_continued_line_counts_from_its_start():
    settings, _ = read_settings(b"\na=\\\n1\nb=2")
    assert (settings["a"].line, settings["b"].line) == (2, 4)


@pytest.mark.parametrize("text", ["a=\\u12g4", "a=\\u12", "\\u=1"])
def test_a_broken_escape_is_a_flaw_of_its_line_and_the_others_are_read(text):
    settings, (flaw,) = read_settings(f"z=1\n{text}\n".encode())
    assert list(settings) == ["z"]
    assert flaw.line == 2
    assert "four hexadecimal digits" in flaw.message


def test_bytes_that_are_no_text_are_a_flaw():
    settings, (flaw,) = read_settings("a=1".encode("utf-16"))
    assert settings == {}
    assert flaw.message.startswith("is not a text file")


def test_variables_are_replaced_wherever_they_stand():
    settings, _ = read_settings(b"a=$$ONE$$-$$TWO$$\nb=$ONE $$$$ $$T$$\nc=x")
    settings, unset = with_variables(settings, {"ONE": "1", "TWO": "2"})
    assert unset == []
    # One character between the dollars is no variable for MMS.
    assert [setting.value for setting in settings.values()] == ["1-2", "$ONE $$$$ $$T$$", "x"]


def test_a_setting_with_missing_variables_is_left_out_and_names_them():
    settings, _ = read_settings(b"a=1\nb=$$ONE$$$$TWO$$$$THREE$$\n")
    left, unset = with_variables(settings, {"TWO": "2"})
    assert list(left) == ["a"]
    assert [(one.setting.line, one.setting.key, one.names) for one in unset] == [(2, "b", ("ONE", "THREE"))]


def test_variables_of_the_environment_win_over_the_file():
    settings, _ = read_settings(b"job_queue_size=1\ndebug=false\n")
    over = with_overrides(settings, "MMS_", ["job_queue_size", "vmargs"], {"MMS_JOB_QUEUE_SIZE": "7", "MMS_DEBUG": ""})
    assert {key: setting.value for key, setting in over.items()} == {"debug": "false", "job_queue_size": "7"}
    assert over["job_queue_size"].place("f") == "environment variable MMS_JOB_QUEUE_SIZE"


# The table of keys.


def test_the_table_knows_every_key_of_the_server_with_a_reason():
    assert set(KEYS) == FACTS
    assert all(key.why for key in KEYS.values())


def test_what_is_taken_or_folded_names_its_place_in_a_scenario():
    fields = {f"server.{field.alias or name}" for name, field in Server.model_fields.items()}
    assert {key.scenario for key in KEYS.values() if key.use is Use.taken} <= fields
    assert all((key.scenario is not None) == (key.use in (Use.taken, Use.folded)) for key in KEYS.values())
