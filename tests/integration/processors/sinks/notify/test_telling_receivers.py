"""The sink's file, its threads and real receivers; messages are handed in as its consumer does."""

import json
import socket
import sqlite3
import time
from contextlib import contextmanager

import pytest
import structlog
from pydantic import SecretStr

from processors.sinks.notify.apprise_url import AppriseUrl
from processors.sinks.notify.sink import NotifySink
from processors.sinks.notify.texts import Texts
from processors.sinks.notify.webhook import Webhook as WebhookReceiver
from processors.sinks.port import Message, TargetRefusedError, TargetUnavailableError
from schemas.settings.notify import NotifySettings, ReceiverSettings
from schemas.settings.sinks import SinkSettings
from schemas.time import LocalCalendar, format_ms
from tests.notify_receivers import MailServer, Webhook
from tests.small_disk import fill, resize, small_disk

QUICK = SinkSettings(retry_s=0.1, retry_most_s=0.2, refused_retry_s=0.3)
CALENDAR = LocalCalendar()


class Ids:
    def element(self, element):
        return f"Trạm {element}"

    def unit(self, code):
        return code

    def enterprise(self, enterprise):
        return enterprise.upper()


class Letters:
    def __init__(self):
        self.sent = []

    def send(self, message, code, detail):
        self.sent.append((message.value, code, detail))


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")


@pytest.fixture
def logged():
    with structlog.testing.capture_logs() as lines:
        yield lines


class World:
    """One notifier, its clock and its messages."""

    def __init__(self, path, clock):
        self.path = path / "notify.db"
        self.clock = clock
        self.letters = Letters()
        self.offset = 0

    @contextmanager
    def notifier(self, *receivers, **settings):
        chosen = NotifySettings(
            receivers=receivers,
            console_url="https://noc.example",
            **{"for_s": 60, "group_wait_s": 0, "group_interval_s": 0, **settings},
        )
        texts = Texts(chosen.console_url, CALENDAR, Ids())

        def receiver_of(one):
            return (WebhookReceiver if one.kind == "webhook" else AppriseUrl)(one, texts)

        sink = NotifySink(
            self.path,
            chosen,
            QUICK,
            receiver_of=receiver_of,
            start_of=CALENDAR.start_of,
            dead_letters=self.letters,
            now_ms=lambda: self.clock[0],
        )
        sink.open()
        try:
            yield sink
        finally:
            sink.close()

    def message(self, element, *changes, at_s=0, unit="05977"):
        """`changes` are (seconds after the clock's begin, state)."""
        state, listed = "up", []
        for second, to in changes:
            listed.append({"at": format_ms(BEGIN + second * 1000), "from": state, "to": to})
            state = to
        value = {
            "element": element,
            "kind": "station",
            "enterprise": "vina",
            "unit": unit,
            "day": "2026-11-02",
            "as_of": format_ms(BEGIN + at_s * 1000),
            "changes": listed,
        }
        self.offset += 1
        at_ms = BEGIN + at_s * 1000
        return Message("transitions", 0, self.offset, element.encode(), json.dumps(value).encode(), {}, at_ms)


BEGIN = CALENDAR.start_of(CALENDAR.day_of(1_793_595_600_000)) + 10 * 3_600_000


@pytest.fixture
def world(tmp_path):
    return World(tmp_path, [BEGIN])


def receiver(url, name="hook", **more):
    return ReceiverSettings(name=name, url=SecretStr(url), **more)


def test_an_alert_is_told_once_when_it_begins_and_once_when_it_ends(world):
    with Webhook() as hook, world.notifier(receiver(hook.url)) as sink:
        down = world.message("S1", (0, "down"), at_s=90)
        sink.write([down])
        hook.until(lambda h: len(h.alerts) == 1)
        sink.write([down])
        sink.write([world.message("S1", (0, "down"), (120, "up"), at_s=130), down])
        hook.until(lambda h: len(h.alerts) == 2)
        sink.write([world.message("S2", (0, "down"), at_s=131)])
        hook.until(lambda h: len(h.alerts) == 3)
    assert [one[:2] for one in hook.alerts] == [("firing", "S1"), ("resolved", "S1"), ("firing", "S2")]
    assert hook.alerts[0][2:] == hook.alerts[1][2:]


def test_the_payload_is_alertmanagers_with_texts_links_and_no_coordinates(world):
    with Webhook() as hook, world.notifier(receiver(hook.url)) as sink:
        sink.write([world.message("S1", (0, "down"), at_s=90), world.message("S2", (0, "down"), at_s=90)])
        hook.until(lambda h: len(h.alerts) == 2)
    message = hook.got[0]
    assert set(message) == {
        "version", "groupKey", "truncatedAlerts", "status", "receiver", "groupLabels", "commonLabels",
        "commonAnnotations", "externalURL", "alerts",
    }  # fmt: skip
    assert (message["version"], message["status"], message["receiver"]) == ("4", "firing", "hook")
    assert message["groupLabels"] == {"enterprise": "vina", "unit": "05977"}
    alert = next(one for one in message["alerts"] if one["labels"]["element"] == "S1")
    assert set(alert) == {
        "status",
        "labels",
        "annotations",
        "startsAt",
        "endsAt",
        "generatorURL",
        "fingerprint",
    }
    assert alert["generatorURL"] == "https://noc.example/stations/S1"
    assert (alert["startsAt"], alert["endsAt"]) == (format_ms(BEGIN), "0001-01-01T00:00:00Z")
    assert "mất liên lạc" in alert["annotations"]["summary"]
    assert not any(word in json.dumps(message) for word in ('"lat', '"lon', "21.8", "106.7"))


def test_time_alone_makes_it_fire_once_its_partition_is_read_to_the_end(world, monkeypatch):
    monkeypatch.setattr("processors.sinks.notify.sink._QUIET_S", 3_600.0)
    with Webhook() as hook, world.notifier(receiver(hook.url)) as sink:
        sink.write([world.message("S1", (0, "down"), at_s=10)])
        world.clock[0] += 300_000
        sink.idle(world.clock[0])
        # By its partition's time it has lasted ten seconds; what follows may say that it ended.
        with sqlite3.connect(world.path) as file:
            assert file.execute("SELECT phase FROM watch").fetchall() == [("pending",)]
        file.close()
        monkeypatch.setattr("processors.sinks.notify.sink._QUIET_S", 0.0)
        sink.idle(world.clock[0])
        hook.until(lambda h: h.alerts)
    assert [one[:2] for one in hook.alerts] == [("firing", "S1")]


@pytest.mark.parametrize("answer", [(429, {"Retry-After": "0"}), (503, {}), (500, {}), (401, {}), (404, {})])
def test_a_receiver_that_cannot_take_it_is_tried_again_with_one_alarm(world, logged, answer):
    # So many that they don't run out while the outage is looked at.
    with Webhook(answers=[answer] * 1_000) as hook, world.notifier(receiver(hook.url)) as sink:
        sink.write([world.message("S1", (0, "down"), at_s=90)])
        hook.until(lambda h: h.requests >= 2)
        assert f"answered {answer[0]}" in sink.not_ready()
        with hook.changed:
            hook.answers.clear()
        hook.until(lambda h: len(h.alerts) == 1)
        sink.write([world.message("S2", (0, "down"), at_s=91)])
        hook.until(lambda h: len(h.alerts) == 2)
        assert sink.not_ready() is None
    assert [one[1] for one in hook.alerts] == ["S1", "S2"]
    begun = [line for line in logged if line["log_level"] == "error"]
    over = [line for line in logged if "again" in line["event"]]
    assert (len(begun), len(over)) == (1, 1)


def test_while_a_receiver_is_away_the_file_grows_with_elements_not_with_messages(world):
    with Webhook() as hook, world.notifier(receiver(hook.url)) as sink:
        hook.away = True
        for hundred in range(100, 1_000, 100):
            sink.write([world.message("S1", (0, "down"), at_s=hundred + n) for n in range(100)])
        sink.write([world.message("S2", (0, "down"), (200, "up"), at_s=1_090)])
        with sqlite3.connect(world.path) as file:
            counts = [
                file.execute(f"SELECT count(*) FROM {name}").fetchone()[0]
                for name in ("watch", "alert", "told")
            ]
        file.close()
        assert counts == [2, 2, 0]
        hook.away = False
        hook.until(lambda h: len(h.alerts) == 2, 30)
    # What began and ended meanwhile is told as over: it did fire.
    assert sorted(one[:2] for one in hook.alerts) == [("firing", "S1"), ("resolved", "S2")]


def test_a_full_disk_is_told_as_such_and_the_same_messages_are_taken_once_there_is_room(tmp_path):
    with small_disk(tmp_path / "disk", "400k") as disk, Webhook() as hook:
        world = World(disk, [BEGIN])
        many = [world.message(f"M{n}", (0, "down"), at_s=91) for n in range(500)]
        with world.notifier(receiver(hook.url)) as sink:
            sink.write([world.message("S1", (0, "down"), at_s=90)])
            hook.until(lambda h: len(h.alerts) == 1)
            fill(disk / "filler")
            for _ in range(2):
                with pytest.raises(TargetUnavailableError, match="disk"):
                    sink.write(many)
            resize(disk, "16m")
            sink.write(many)
            hook.until(lambda h: len(h.alerts) == 501, 30)
    assert len({one[1] for one in hook.alerts}) == 501


def test_one_receiver_that_is_away_does_not_hold_up_the_other(world):
    with Webhook() as good, socket.create_server(("127.0.0.1", 0)) as silent:
        away = receiver(f"http://127.0.0.1:{silent.getsockname()[1]}/", "away", timeout_s=0.5)
        with world.notifier(away, receiver(good.url)) as sink:
            sink.write([world.message("S1", (0, "down"), at_s=90)])
            good.until(lambda h: len(h.alerts) == 1)
            sink.write([world.message("S2", (0, "down"), at_s=91)])
            good.until(lambda h: len(h.alerts) == 2)


def test_after_a_restart_what_is_untold_is_told_and_what_was_told_is_not(world):
    with Webhook() as hook:
        with world.notifier(receiver(hook.url)) as sink:
            sink.write([world.message("S1", (0, "down"), at_s=90)])
            hook.until(lambda h: len(h.alerts) == 1)
            hook.away = True
            sink.write([world.message("S2", (0, "down"), at_s=90)])
        hook.away = False
        with world.notifier(receiver(hook.url)) as sink:
            sink.write([world.message("S1", (0, "down"), at_s=90), world.message("S3", (0, "down"), at_s=95)])
            hook.until(lambda h: len(h.alerts) == 3)
    assert sorted(one[1] for one in hook.alerts) == ["S1", "S2", "S3"]


def test_a_new_receiver_is_told_what_is_firing_and_nothing_that_is_long_over(world):
    with Webhook() as first, Webhook() as second:
        with world.notifier(receiver(first.url)) as sink:
            sink.write(
                [
                    world.message("S1", (0, "down"), (100, "up"), at_s=110),
                    world.message("S2", (0, "down"), at_s=110),
                ]
            )
            first.until(lambda h: len(h.alerts) == 2)
        world.clock[0] += 300_000
        with world.notifier(receiver(first.url), receiver(second.url, "late")) as sink:
            sink.write([world.message("S3", (0, "down"), at_s=120)])
            second.until(lambda h: len(h.alerts) == 2)
            first.until(lambda h: len(h.alerts) == 3)
    assert sorted(one[1] for one in second.alerts) == ["S2", "S3"]


def test_two_notifiers_on_one_file_is_refused(world):
    with world.notifier(), pytest.raises(TargetRefusedError, match="another notifier"), world.notifier():
        pass


def test_what_can_not_be_read_becomes_a_dead_letter_and_its_neighbours_are_told(world):
    with Webhook() as hook, world.notifier(receiver(hook.url)) as sink:
        bad = Message("transitions", 0, 9, b"k", b"{", {}, BEGIN)
        sink.write([bad, world.message("S1", (0, "down"), at_s=90)])
        hook.until(lambda h: len(h.alerts) == 1)
    assert [(value, code) for value, code, _ in world.letters.sent] == [(b"{", "invalid")]


def test_a_secret_file_is_read_again_until_it_is_right_and_its_content_is_never_logged(
    world, tmp_path, logged
):
    token = tmp_path / "token"
    with Webhook() as hook:
        url = tmp_path / "url"
        url.write_text(hook.url + "?key=topsecret\n")
        settings = ReceiverSettings(name="hook", url_file=url, bearer_file=token)
        with world.notifier(settings) as sink:
            sink.write([world.message("S1", (0, "down"), at_s=90)])
            end = time.monotonic() + 60
            while sink.not_ready() is None and time.monotonic() < end:
                time.sleep(0.05)
            assert str(token) in sink.not_ready()
            token.write_text("bearersecret")
            hook.until(lambda h: len(h.alerts) == 1)
    assert hook.headers[0]["Authorization"] == "Bearer bearersecret"
    assert not any(word in str(logged) for word in ("topsecret", "bearersecret"))


def test_apprise_delivers_to_an_http_service_and_by_mail(world):
    with Webhook() as hook, MailServer() as mail:
        address = hook.url.removeprefix("http://")
        both = (
            receiver(f"json://{address}", "chat", kind="apprise"),
            receiver(
                f"mailto://127.0.0.1:{mail.port}?from=noc@example.org&to=duty@example.org&mode=insecure&format=text",
                "mail",
                kind="apprise",
                language="vi",
            ),
        )
        with world.notifier(*both) as sink:
            sink.write([world.message("S1", (0, "down"), at_s=90)])
            hook.until(lambda h: len(h.got) == 1)
            mail.until(lambda m: len(m.mails) == 1)
    posted = hook.got[0]
    assert posted["title"] == "VINA · 05977: 1 cảnh báo mới"
    assert "https://noc.example/stations/S1" in posted["message"]
    assert "down since" in posted["message"]
    text = mail.mails[0].get_body(("plain",)).get_content()
    assert "mất liên lạc" in text
    assert "down since" not in text
    assert mail.mails[0]["To"] == "duty@example.org"


def test_an_apprise_url_that_is_none_needs_a_person_and_is_not_logged(world, logged):
    with world.notifier(receiver("nonsense://topsecret@host", kind="apprise")) as sink:
        sink.write([world.message("S1", (0, "down"), at_s=90)])
        end = time.monotonic() + 60
        while sink.not_ready() is None and time.monotonic() < end:
            time.sleep(0.05)
        assert "Apprise" in sink.not_ready()
    assert "topsecret" not in str(logged)
