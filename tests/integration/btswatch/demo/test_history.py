import subprocess
import sys

from tests.product.process import btswatch, environment


def test_history_ends_with_a_line_where_the_ledger_is_away_and_its_supervisor_tries_again(tmp_path):
    made = btswatch("stack", "province", "--data", tmp_path, "--stations", "5", "--days", "1")
    assert made.returncode == 0, made.stderr
    done = subprocess.run(
        [sys.executable, "-m", "btswatch.demo.history", "--settings", tmp_path / "btswatch.toml"],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env=environment(BTSWATCH_LEDGER__URL="postgresql://btswatch@127.0.0.1:1/btswatch"),
    )
    assert done.returncode == 1
    assert "history broken off" in done.stderr
    assert "Connection refused" in done.stderr
    assert "Traceback" not in done.stderr
