"""The supervisor over real processes."""

import asyncio
import os
import signal
import subprocess
import sys
import time

import pytest

from btswatch.supervise import Child, Plan, Supervisor
from stores.data_directory import DataDirectory, DirectoryInUseError

NAP = "import signal,sys\nsignal.signal(signal.SIGTERM, lambda *_: sys.exit(0))\n"


def script(body):
    return ("-c", NAP + body)


async def until(check, limit_s=60):
    end = time.monotonic() + limit_s
    while not check():
        assert time.monotonic() < end, "did not happen in time"
        await asyncio.sleep(0.02)


async def test_a_child_that_dies_is_started_again_and_its_neighbour_goes_on(tmp_path):
    marks = tmp_path / "marks"
    flaky = script(f"open({str(marks)!r}, 'a').write('x'); sys.exit(7)")
    steady = script(f"open({str(tmp_path / 'steady')!r}, 'a').write('x'); signal.pause()")
    supervisor = Supervisor([Child("flaky", flaky), Child("steady", steady)], stop_s=5)
    running = asyncio.create_task(supervisor.run())
    await until(lambda: marks.exists() and len(marks.read_text()) >= 2)
    supervisor.stop()
    assert await running == 0
    assert supervisor.restarts["flaky"] >= 1
    assert (tmp_path / "steady").read_text() == "x"


async def test_those_that_stop_first_have_ended_before_the_others_are_told(tmp_path):
    order = tmp_path / "order"

    def child(name):
        return (
            "-c",
            f"""
import signal, sys
def end(*_):
    open({str(order)!r}, 'a').write({name!r})
    sys.exit(0)
signal.signal(signal.SIGTERM, end)
open({str(tmp_path / name)!r}, 'w').close()
signal.pause()
""",
        )

    children = [
        Child("c", child("c"), stop_order=2),
        Child("b", child("b")),
        Child("a", child("a"), stop_order=0),
    ]
    supervisor = Supervisor(children, stop_s=5)
    running = asyncio.create_task(supervisor.run())
    await until(lambda: all((tmp_path / name).exists() for name in "abc"))
    supervisor.stop()
    await running
    assert order.read_text() == "abc"


async def test_a_child_that_will_not_stop_is_killed_at_the_deadline(tmp_path):
    started = tmp_path / "started"
    deaf = ("-c", (f"import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nopen({str(started)!r},'w').close()\n"
            "while True: signal.pause()"))  # fmt: skip
    supervisor = Supervisor([Child("deaf", deaf)], stop_s=1.5)
    running = asyncio.create_task(supervisor.run())
    await until(started.exists)
    began = time.monotonic()
    supervisor.stop()
    await running
    assert time.monotonic() - began < 15


async def test_a_child_that_was_used_wrongly_ends_all_with_its_exit_code():
    supervisor = Supervisor([Child("wrong", ("-c", "raise SystemExit(2)"))], stop_s=1)
    assert await asyncio.wait_for(supervisor.run(), 60) == 2


def test_children_end_when_the_supervisor_is_killed(tmp_path):
    program = f"""
import asyncio
import pytest

from btswatch.supervise import Child, Plan, Supervisor
from stores.data_directory import DataDirectory, DirectoryInUseError
child = Child("status", ("-c", '''
import asyncio, os
from btswatch.parts.part import Ending, Together, run_until_told
open({str(tmp_path / "pid")!r}, "w").write(str(os.getpid()))
asyncio.run(run_until_told(Together(), Ending(), stop_s=1))
open({str(tmp_path / "ended")!r}, "w").close()
'''))
asyncio.run(Supervisor([child], stop_s=2).run())
"""
    supervisor = subprocess.Popen([sys.executable, "-c", program])
    asyncio.run(until(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text()))
    # Its handlers are in place a moment after it wrote its number.
    os.kill(supervisor.pid, signal.SIGKILL)
    supervisor.wait()
    asyncio.run(until((tmp_path / "ended").exists))


def test_a_process_that_becomes_the_supervisor_keeps_its_id_and_its_lock(tmp_path):
    marks = tmp_path / "marks"
    child = f"import os; open({str(marks)!r}, 'w').write(str(os.getppid())); import signal; signal.pause()"
    command = f"""
import sys
from btswatch.supervise import Child, Plan, become
from stores.data_directory import DataDirectory, Mode
from pathlib import Path
directory = DataDirectory(Path({str(tmp_path / "data")!r}))
directory.create(Mode.DEMO)
directory.lock()
directory.keep_lock_over_exec()
become(Plan([Child("nap", ("-c", {child!r}))], 5.0, ("Console  đây",)))
"""
    with subprocess.Popen([sys.executable, "-c", command], stderr=subprocess.PIPE, text=True) as process:
        end = time.monotonic() + 60
        while not (marks.exists() and marks.read_text()):
            assert time.monotonic() < end
            time.sleep(0.02)
        assert int(marks.read_text()) == process.pid
        with pytest.raises(DirectoryInUseError):
            DataDirectory(tmp_path / "data").lock()
        process.send_signal(signal.SIGINT)
        _, told = process.communicate(timeout=60)
    assert told == "Console  đây\n"
    assert process.returncode == 0
    again = DataDirectory(tmp_path / "data")
    again.lock()
    again.unlock()


def test_a_plan_survives_the_way_through_the_command_line():
    plan = Plan([Child("a", ["-c", "pass"], {"A": "1"}, restart=False)], 2.5, ["Trạm"])
    assert Plan.from_json(plan.as_json()) == plan


def test_the_supervisor_imports_nothing_heavy():
    heavy = {"structlog", "pydantic", "sqlalchemy", "numpy", "prometheus_client", "typer"}
    command = f"import btswatch.supervise, sys; print({heavy!r} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", command], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
