import subprocess

from btswatch.stack.wiring import shell


def test_a_shell_reads_the_variables_as_they_are(tmp_path):
    chosen = {
        "BTSWATCH_SETTINGS": str(tmp_path / "Lạng Sơn" / "it's.toml"),
        "BTSWATCH_INFLUX__URL": 'http://127.0.0.1:8086/?a=$HOME&b="`id`"',
        "BTSWATCH_STOP_S": "60",
    }
    file = tmp_path / "env"
    file.write_text(shell(chosen), "utf-8")
    done = subprocess.run(["sh", "-c", f". {file} && env -0"], capture_output=True, check=True)
    found = dict(
        line.split("=", 1) for line in done.stdout.decode().split("\0") if line.startswith("BTSWATCH_")
    )
    assert {name: found.get(name) for name in chosen} == chosen
