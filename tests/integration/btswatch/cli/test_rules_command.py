import json

import pytest

from btswatch.cli.app import run


@pytest.fixture
def settings(tmp_path):
    (tmp_path / "btswatch.toml").write_text("")
    assert run(["registry", "template", str(tmp_path / "registry")]) == 0
    (tmp_path / "registry" / "enterprises.csv").write_text("id,name\nviettel,Viettel\n")
    (tmp_path / "registry" / "declared_levels.csv").write_text(
        "enterprise,service,indicator,level,valid_from,valid_to\n"
        "viettel,mobile_voice,service_availability,99.9,2026-01-01,\n"
        "viettel,mobile_voice,servise_availability,99.9,2026-01-01,\n"
    )
    return str(tmp_path / "btswatch.toml")


def test_list_says_what_holds_for_an_enterprise_and_why(settings, capsys):
    chosen = ["rules", "list", "--settings", settings, "--service", "mobile_voice", "--enterprise", "viettel"]
    capsys.readouterr()
    assert run([*chosen, "--on", "2026-11-23"]) == 0
    (line,) = [one for one in capsys.readouterr().out.splitlines() if one.startswith("V36-22-D ")]
    assert ">= 99.9 percent per quarter" in line
    assert "declared level, stricter than 99.5" in line
    assert run([*chosen, "--on", "2025-11-23", "--json"]) == 0
    (found,) = [one for one in json.loads(capsys.readouterr().out) if one["rule"]["id"] == "V36-22-D"]
    assert (found["threshold"], found["kind"], found["may_judge"]) == ("99.5", "legal", True)


def test_a_declared_level_that_no_rule_is_about_is_told(settings, capsys):
    chosen = ["rules", "list", "--settings", settings, "--enterprise", "viettel"]
    for day, told in (("2026-11-23", 1), ("2025-11-23", 0)):
        capsys.readouterr()
        assert run([*chosen, "--on", day]) == 0
        lines = [one for one in capsys.readouterr().out.splitlines() if "no rule in force" in one]
        assert len(lines) == told
        assert all(
            one.startswith("viettel declares mobile_voice.servise_availability 99.9: ") for one in lines
        )


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["list", "--on", "23.11.2026"], 2, "a day is written as 2026-11-23"),
        (["list", "--service", "mobile"], 2, "no rule is about it; known: all, authority"),
        (["list", "--enterprise", "nobody"], 2, "not in the registry"),
        (["show", "V36-22-E"], 1, "did you mean"),
    ],
)
def test_what_can_not_be_answered_is_told_in_a_line(arguments, code, said, settings, capsys):
    capsys.readouterr()
    assert run(["rules", *arguments, "--settings", settings]) == code
    (line,) = capsys.readouterr().err.splitlines()
    assert said in line


def test_show_gives_all_versions_and_why_none_may_judge(capsys):
    assert run(["rules", "show", "V36-DROP"]) == 0
    out = capsys.readouterr().out
    assert [line.split()[1] for line in out.splitlines() if line.startswith("id ")] == [
        "V36-11-DROP",
        "V36-15-DROP",
        "V36-22-DROP",
    ]
    assert "no: confidence low" in out


def test_show_tells_the_consequence_as_a_suggestion(capsys):
    assert run(["rules", "show", "V36-22-D"]) == 0
    (line,) = [one for one in capsys.readouterr().out.splitlines() if one.startswith("consequence")]
    assert line.endswith(
        ", 30,000,000 to 70,000,000 VND, of what did not end before 2026-07-01: a suggestion; deciding is a person's"
    )


def test_check_of_files_that_contradict_each_other_says_no(tmp_path, capsys):
    assert run(["rules", "check"]) == 0
    assert " rules, " in capsys.readouterr().out
    (tmp_path / "a.yaml").write_text("about: nothing\nrules: []\n")
    assert run(["rules", "check", str(tmp_path)]) == 1
    assert "a.yaml: rules: List should have at least 1 item" in capsys.readouterr().err
